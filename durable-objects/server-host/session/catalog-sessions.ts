/** Sessions of the catalog: how one is made, and how each server that it uses becomes a leg of it. */
import { CATALOG } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { knownFacts } from '../catalog/facts.ts'
import { addLazyInstructions } from '../catalog/search/lazy-tools.ts'
import type { HostContext } from '../host-context.ts'
import type { Channel } from '../processes/link/channel.ts'
import type { SessionRecord } from '../store/session-store.ts'
import { toInitializeResult } from '../translate/initialize-result.ts'
import { CatalogLeg } from './upstream/catalog-leg.ts'
import { CatalogUpstream } from './upstream/catalog.ts'
import { Session } from './session.ts'
import type { SessionServer } from './upstream/upstream.ts'
import type { Upstreams } from './upstream/upstreams.ts'

/** In the place of a server, for what no server is asked. Whether roots pass is each server's own to say. */
const CATALOG_SERVER: SessionServer = {
  name: CATALOG,
  config: { timeoutMs: { call: 60_000, start: 60_000, total: 60_000 }, roots: true },
}

/** Longest until a leg's host program is reached. */
const JOIN_MS = 30_000

export class CatalogSessions {
  readonly #context: HostContext
  readonly #upstreams: Upstreams

  constructor(context: HostContext, upstreams: Upstreams) {
    this.#context = context
    this.#upstreams = upstreams
  }

  /** `params`: of the client's `initialize`. */
  create({ principal, catalog = {} }: HostCall, id: string, params: unknown): Session {
    return this.open({
      ...{ id, principal, catalog },
      server: CATALOG,
      protocol: '',
      initialize: JSON.stringify(params),
      logLevel: undefined,
      subscriptions: [],
      access: undefined,
    })
  }

  /** Starts nothing. */
  open(record: SessionRecord): Session {
    const session = new Session(this.#context, CATALOG_SERVER, record)
    const { catalog, pins } = this.#context
    const begin = (server: string) => this.#begin(session, server)
    session.use(new CatalogUpstream({ session, catalog, pins, begin }))
    return session
  }

  /** The result of `initialize`. */
  announce({ principal, catalog = {} }: HostCall, params: unknown): Record<string, unknown> {
    const known = knownFacts(this.#context, catalog.servers ?? [], principal)
    const asked = isObject(params) ? params.protocolVersion : undefined
    return toInitializeResult(addLazyInstructions(known, catalog), asked)
  }

  /** A process that a former object had for one server of the session. */
  adopt(session: Session, server: string, channel: Channel): boolean {
    const { servers, catalog } = this.#context
    const facts = servers.factsOf(server, session.record.principal)
    const { upstream } = session
    if (facts === undefined || !(upstream instanceof CatalogUpstream)) return false
    if (upstream.legOf(server) !== undefined) return false
    const leg = new CatalogLeg(session, facts, catalog)
    this.#upstreams.adopt(leg, channel)
    return upstream.adopt(leg)
  }

  /** Of servers whose processes a former object had are now those that are left: the others answer nothing. */
  failLost(session: Session, servers: readonly string[]): void {
    const { upstream } = session
    if (!(upstream instanceof CatalogUpstream)) return
    for (const server of servers) {
      if (upstream.legOf(server) === undefined) {
        session.failFormer(new GatewayError('server_exited'), server)
      }
    }
  }

  async #begin(session: Session, name: string): Promise<CatalogLeg> {
    const { servers, catalog, links } = this.#context
    const server = await servers.get(name, servers.version, session.record.principal)
    await links.follow(() => servers.placementOf(name), JOIN_MS)
    // The link may have brought the process that a former object had.
    const adopted = session.upstream instanceof CatalogUpstream && session.upstream.legOf(name)
    if (adopted) return adopted
    const leg = new CatalogLeg(session, server, catalog)
    await this.#upstreams.attach(leg)
    return leg
  }
}
