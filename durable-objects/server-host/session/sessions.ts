/** Which sessions this server host has: in memory while they are used, in the store for good. */
import { CATALOG } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { toResult } from '#protocol/json-rpc.ts'
import { BATCH_REVISION, eraOf, LATEST_LEGACY } from '#protocol/mcp.ts'
import { within } from '#protocol/within.ts'
import type { AnsweredCall, ClientCall } from '../call/client-call.ts'
import type { Channel } from '../processes/link/channel.ts'
import { encode } from '../processes/connection.ts'
import { unauthorized } from '../call/credentials.ts'
import { oldestOfGreediest } from '../call/fair-share.ts'
import type { HostContext } from '../host-context.ts'
import type { StatelessCalls } from '../stateless/calls.ts'
import type { ServersChange } from '../processes/change.ts'
import { OwnProcess } from './upstream/own-process.ts'
import { readLegId } from './upstream/catalog-leg.ts'
import { CatalogSessions } from './catalog-sessions.ts'
import { announce, prepareInitialize, requireInitialize } from './initialize.ts'
import { Session } from './session.ts'
import { createSessionId } from './session-id.ts'
import { Upstreams } from './upstream/upstreams.ts'
import type { SessionRecord } from '../store/session-store.ts'

export class Sessions {
  readonly #context: HostContext
  readonly #upstreams: Upstreams
  readonly #catalog: CatalogSessions
  readonly #live = new Map<string, Session>()

  constructor(context: HostContext, modern: StatelessCalls) {
    this.#context = context
    this.#upstreams = new Upstreams(context, modern)
    this.#catalog = new CatalogSessions(context, this.#upstreams)
  }

  /** A cancellation, where the call that it is about is here. */
  isGivingUp({ cancels, sse, sessionId = '' }: HostCall): boolean {
    return cancels !== undefined && (sse !== undefined || this.#live.has(sessionId))
  }

  /** Throws, or rejects with, `session_not_found`, `server_not_found` and what a start can fail with. */
  answer(host: HostCall, body: Uint8Array = new Uint8Array()): Response | Promise<Response> {
    const { sessionId } = host
    if (sessionId === undefined) {
      requireInitialize(host)
      return host.server === CATALOG
        ? this.#initializeCatalog(host, body)
        : this.#initialize(host, body)
    }
    const session = this.#live.get(sessionId)
    if (session !== undefined) return this.#pass(session, host, body)
    if (host.http === 'DELETE') return this.#forget(host)
    return this.#restore(host).then((restored) => this.#pass(restored, host, body))
  }

  #pass(session: Session, host: HostCall, body: Uint8Array): Response | Promise<Response> {
    if (!isOf(session.record, host)) throw new GatewayError('session_not_found')
    requireRevision(session.record, host)
    if (host.http === 'GET') return session.get(host)
    if (host.http === 'DELETE') return this.#delete(session)
    return session.post(host, body)
  }

  /** Sessions on a server that is configured anew go on, those on one that is removed end. */
  change(change: ServersChange): void {
    this.#upstreams.change(change)
    const { removed } = change
    if (removed.length === 0) return
    const gone = new Set(removed)
    for (const session of this.#live.values()) {
      if (gone.has(session.record.server)) this.#expire(session)
    }
    this.#context.store.sessions.deleteOf(removed)
  }

  /** A process that a former object opened for a session of ours. `isThere`: a server is where the process is. */
  adopt(key: string, channel: Channel, isThere: (server: string) => boolean): boolean {
    const { session: id, server: leg } = readLegId(key)
    if (leg !== undefined) return isThere(leg) && this.#adoptLeg(id, leg, channel)
    if (this.#live.has(id)) return false
    const record = this.#context.store.sessions.get(id)
    if (record !== undefined && !isThere(record.server)) return false
    const server = record && this.#context.servers.factsOf(record.server, record.principal)
    if (record === undefined || server === undefined) return false
    const session = new Session(this.#context, server, record)
    this.#upstreams.adopt(session, channel)
    this.#keep(session)
    return true
  }

  /** The same for a process of a session of the catalog. */
  #adoptLeg(id: string, server: string, channel: Channel): boolean {
    const record = this.#live.get(id)?.record ?? this.#context.store.sessions.get(id)
    if (record?.server !== CATALOG) return false
    const session = this.#live.get(id) ?? this.#restoreCatalog(record)
    return this.#catalog.adopt(session, server, channel)
  }

  async #initialize(host: HostCall, body: Uint8Array): Promise<Response> {
    const { servers, eras, guards } = this.#context
    const server = await servers.get(host.server, host.configVersion, host.principal)
    const { start } = server.config.timeoutMs
    await guards.learn(server, start + INSTALL_MS)
    const request = prepareInitialize(body, server.config.roots)
    const session = new Session(this.#context, server, {
      id: createSessionId(),
      server: server.name,
      principal: host.principal,
      protocol: '',
      initialize: JSON.stringify(request.params),
      logLevel: undefined,
      subscriptions: [],
      access: host.access,
    })
    const upstream = await this.#upstreams.attach(session)
    const spoken = eras.known(server) ?? {}
    const { call, response } = beginCall(session, host, request.body, start + INSTALL_MS)
    const begin = (): Promise<void> | undefined => {
      if (upstream instanceof OwnProcess) {
        return upstream.begin(call, request.body, (result) => this.#settle(session, call, result))
      }
      const result = announce(server, spoken, request.params)
      this.#settle(session, call, result)
      return void call.answer(encode(toResult(call.id, result)), 'ok')
    }
    const onFailed = (): void => this.#end(session)
    guards.run(call, request.body, { call: begin, cancel: () => undefined, onFailed })
    return response
  }

  /** Starts nothing: each server begins with the first request for it. */
  #initializeCatalog(host: HostCall, body: Uint8Array): Promise<Response> {
    const request = prepareInitialize(body, true)
    const session = this.#catalog.create(host, createSessionId(), request.params)
    const { start } = session.server.config.timeoutMs
    const { call, response } = beginCall(session, host, request.body, start)
    const result = this.#catalog.announce(host, request.params)
    this.#settle(session, call, result)
    call.answer(encode(toResult(call.id, result)), 'ok')
    return response
  }

  /**
   * With the processes that a former object had for it, where containers run. One that cannot be reached
   * soon is not waited for: its legs are found later, or begin with the next call for them. A call of one
   * server waits for none at all: its leg is looked for when it begins.
   */
  async #reviveCatalog(record: SessionRecord, host: HostCall): Promise<Session> {
    const { servers, links } = this.#context
    const session = this.#live.get(record.id) ?? this.#restoreCatalog(record)
    const rejoin = async (placement: string | undefined): Promise<void> => {
      if (placement !== undefined) {
        // Who is not reached by then has lost what it ran.
        await links.join(placement, RESTORE_TIMEOUT_MS).catch(() => undefined)
      }
      const there = servers.all.filter(({ name }) => servers.placementOf(name) === placement)
      this.#catalog.failLost(
        session,
        there.map(({ name }) => name),
      )
    }
    const rejoining = Promise.allSettled([undefined, ...servers.placements].map(rejoin))
    const rejoined = within(rejoining, REJOIN_MS, () => undefined)
    if (host.server === CATALOG || host.http !== 'POST') await rejoined
    return session
  }

  #restoreCatalog(record: SessionRecord): Session {
    const session = this.#catalog.open(record)
    this.#keep(session)
    return session
  }

  /** From here on the session exists. Throws when the credential that began it has ended meanwhile. */
  #settle(session: Session, call: ClientCall, result: Record<string, unknown>): void {
    if (call.settled) throw unauthorized()
    const { record } = session
    const { protocolVersion } = result
    record.protocol = typeof protocolVersion === 'string' ? protocolVersion : LATEST_LEGACY
    this.#context.store.sessions.add(record, Date.now())
    this.#keep(session)
  }

  async #restore(host: HostCall): Promise<Session> {
    const { store, servers, links } = this.#context
    const id = host.sessionId ?? ''
    const record = store.sessions.get(id)
    if (record === undefined || !isOf(record, host)) throw new GatewayError('session_not_found')
    if (record.server === CATALOG) return this.#reviveCatalog(record, host)
    const server = await servers.get(record.server, host.configVersion, record.principal)
    // The link may bring the process that a former object had; `adopt` then makes the session.
    // A client that only listens does not wake a container for it.
    const find = () => servers.placementOf(server.name)
    const placement = find()
    if (host.http !== 'GET') await links.follow(find, RESTORE_TIMEOUT_MS)
    else if (placement !== undefined) await links.join(placement, RESTORE_TIMEOUT_MS)
    const adopted = this.#live.get(id)
    if (adopted !== undefined) return adopted
    const session = new Session(this.#context, server, record)
    await this.#upstreams.attach(session)
    const raced = this.#live.get(id)
    const isDeleted = store.sessions.get(id) === undefined
    if (raced === undefined && !isDeleted) {
      session.failFormer(new GatewayError('server_exited'))
      this.#keep(session)
      return session
    }
    session.rest()
    if (isDeleted) throw new GatewayError('session_not_found')
    return raced ?? session
  }

  /** Of sessions that rest the oldest of whoever has most leaves the memory; the store has it. */
  #keep(session: Session): void {
    this.#live.set(session.record.id, session)
    if (this.#live.size <= MAX_LIVE) return
    const resting = [...this.#live.values()].filter(({ rests }) => rests)
    const leaving = oldestOfGreediest(resting, ({ record }) => record.principal)
    if (leaving === undefined) return
    this.#live.delete(leaving.record.id)
    leaving.rest()
  }

  #delete(session: Session): Response {
    this.#end(session)
    return new Response(null, { status: 204 })
  }

  /** Whatever ends writes to the log once more, so the records go last. */
  #end(session: Session): void {
    const { id } = session.record
    this.#live.delete(id)
    session.close()
    this.#context.store.sessions.delete(id)
  }

  /** What runs is answered; the next request finds no session. */
  #expire(session: Session): void {
    const { id } = session.record
    this.#live.delete(id)
    session.expire(() => this.#context.store.sessions.delete(id))
  }

  /** Deletes a session that rests; a process that a former object had for it is not adopted. */
  #forget(host: HostCall): Response {
    const { store } = this.#context
    const record = store.sessions.get(host.sessionId ?? '')
    if (record === undefined || !isOf(record, host)) throw new GatewayError('session_not_found')
    store.sessions.delete(record.id)
    return new Response(null, { status: 204 })
  }
}

const RESTORE_TIMEOUT_MS = 30_000
/** Of a session with servers in several placements: longest wait for the processes that it had. */
const REJOIN_MS = 2_000
/** What a first start may take beside `timeoutMs.start`: the package is installed. */
const INSTALL_MS = 180_000
/** Sessions kept in memory. */
const MAX_LIVE = 2_000

/** A revision that Hearth does not know is that of a session whose client and server agreed on it. */
function requireRevision(
  { protocol }: SessionRecord,
  { protocolVersion: requested, isBatched }: HostCall,
): void {
  if (isBatched === true && protocol !== BATCH_REVISION) throw new GatewayError('batch_unsupported')
  if (requested === undefined || requested === protocol || eraOf(requested) !== undefined) return
  const supported = [protocol]
  throw new GatewayError('unsupported_version', { data: { supported, requested } })
}

/** Throws `unauthorized` when the credential has ended meanwhile; then nothing of the session is left. */
function beginCall(
  session: Session,
  host: HostCall,
  body: Uint8Array,
  timeoutMs: number,
): AnsweredCall {
  try {
    // A slow start is answered by a stream, whose headers leave before the answer is there.
    const headers = { 'mcp-session-id': session.record.id }
    return session.createCall(host, body, { timeoutMs, headers })
  } catch (error) {
    session.rest()
    throw error
  }
}

/** A session is its principal's: to another one it does not exist, whoever's token it is. */
function isOf(record: SessionRecord, { server, catalog, principal }: HostCall): boolean {
  const endpoint = catalog === undefined ? server : CATALOG
  return record.server === endpoint && record.principal === principal
}
