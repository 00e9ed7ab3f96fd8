/**
 * Which upstream a session's server calls for, and what becomes of it when the server is configured
 * anew. A session of the catalog has one for each server that it uses.
 */
import type { HostContext } from '../../host-context.ts'
import type { Channel } from '../../processes/link/channel.ts'
import type { StatelessCalls } from '../../stateless/calls.ts'
import type { ServersChange } from '../../processes/change.ts'
import type { Eras } from '../../processes/era-answers.ts'
import type { Server } from '../../processes/servers.ts'
import { readFacts } from '../../processes/spoken-facts.ts'
import { TranslatedUpstream } from './translated.ts'
import { OwnProcess } from './own-process.ts'
import { RenewableUpstream, type RetiringUpstream } from './renewable.ts'
import type { SessionLists } from '../lists.ts'
import type { SessionServer, Upstream, UpstreamSession } from './upstream.ts'
import { SharedUpstream } from './shared-process.ts'

/** A session, or the part of one of the catalog that is one server's. */
export interface AttachedSession extends UpstreamSession {
  /** As it is configured now. */
  server: SessionServer
  use: (upstream: Upstream) => void
  /** Its server begins anew. Of a part of a session of the catalog. */
  renew?: () => void
  /** Absent of a part of a session of the catalog. */
  readonly shown?: SessionLists
}

/** In memory, of sessions that are there or about to begin. */
interface Attached {
  session: AttachedSession
  upstream: RenewableUpstream
}

export class Upstreams {
  readonly #context: HostContext
  readonly #modern: StatelessCalls
  readonly #attached = new Set<Attached>()

  constructor(context: HostContext, modern: StatelessCalls) {
    this.#context = context
    this.#modern = modern
  }

  /** Gives a session its upstream, and returns what it is now. Throws what a start can fail with. */
  async attach(session: AttachedSession): Promise<RetiringUpstream> {
    const upstream = this.#make(session)
    try {
      return await upstream.begin()
    } catch (error) {
      upstream.close()
      throw error
    }
  }

  /** The same, with the process that a former object had for the session. */
  adopt(session: AttachedSession, channel: Channel): void {
    const own = new OwnProcess(this.#context, session)
    this.#make(session).adopt(own)
    own.adopt(channel)
  }

  /** Sessions on what is configured anew go on. What of its lists is another now, `Catalog` tells. */
  change({ changed, removed, principal }: ServersChange): void {
    const [anew, gone] = [new Set(changed), new Set(removed)]
    for (const { session, upstream } of this.#attached) {
      const { record, server } = session
      if (principal !== undefined && principal !== record.principal) continue
      if (gone.has(server.name)) upstream.supersede()
      if (!anew.has(server.name)) continue
      upstream.supersede()
      session.server = this.#context.servers.factsOf(server.name, record.principal) ?? server
      session.renew?.()
    }
  }

  #make(session: AttachedSession): RenewableUpstream {
    const stop = session.shown?.listen(this.#context)
    const upstream = new RenewableUpstream({
      session,
      begin: () => this.#begin(session),
      onClosed: () => {
        this.#attached.delete(attached)
        stop?.()
      },
    })
    const attached: Attached = { session, upstream }
    this.#attached.add(attached)
    session.use(upstream)
    return upstream
  }

  async #begin(session: AttachedSession): Promise<RetiringUpstream> {
    const { servers, eras } = this.#context
    const { record, server: former } = session
    const server = await servers.get(former.name, servers.version, record.principal)
    session.server = server
    // One process has one era: that of clients that have no session.
    const isOne = server.config.sharing === 'shared'
    const spoken = await (isOne ? eras.of(server) : eras.both(server, record.principal))
    return this.#upstreamFor(session, server, spoken)
  }

  async #upstreamFor(
    session: UpstreamSession,
    server: Server,
    spoken: Eras,
  ): Promise<RetiringUpstream> {
    const { sharing } = server.config
    const isModern = sharing === 'shared' && spoken.discover !== undefined
    if (spoken.initialize === undefined || isModern) {
      const modern = await this.#modern.modernServer(server)
      const capabilities = capabilitiesOf(isModern ? withoutLegacy(spoken) : spoken, server.name)
      return new TranslatedUpstream(this.#context, session, modern, capabilities ?? {})
    }
    if (sharing !== 'shared') return new OwnProcess(this.#context, session)
    return new SharedUpstream(session, this.#context.shared.of(this.#context, server))
  }
}

function capabilitiesOf(spoken: Eras, name: string): Record<string, unknown> | undefined {
  return readFacts(spoken, name, 'legacy')?.capabilities
}

function withoutLegacy({ discover }: Eras): Eras {
  return discover === undefined ? {} : { discover }
}
