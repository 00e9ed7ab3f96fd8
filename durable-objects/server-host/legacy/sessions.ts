/** Which sessions this server host has: in memory while they are used, in the store for good. */
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isObject, toResult } from '#protocol/json-rpc.ts'
import { LATEST_LEGACY } from '#protocol/mcp.ts'
import type { ClientCall } from '../calls/client-call.ts'
import type { Channel } from '../link/channel.ts'
import { decode, encode } from '../connection.ts'
import { unauthorized } from '../calls/credentials.ts'
import type { Eras } from '../servers/eras.ts'
import type { HostContext } from '../host-context.ts'
import type { ModernCalls } from '../modern/calls.ts'
import type { Server } from '../servers/servers.ts'
import { readInitializeResult } from '../translate/discover.ts'
import { readDiscoverResult, toInitializeResult } from '../translate/initialize-result.ts'
import { ModernUpstream } from './modern-upstream.ts'
import { OwnProcess } from './own-process.ts'
import { LegacySession, type Upstream } from './session.ts'
import { SharedServer, SharedUpstream } from './shared-upstream.ts'
import type { SessionRecord } from '../store.ts'
import { randomHex } from '../../random-hex.ts'

export class LegacySessions {
  readonly #context: HostContext
  readonly #placement: string
  readonly #modern: ModernCalls
  readonly #live = new Map<string, LegacySession>()
  /** By launch digest. */
  readonly #shared = new Map<string, SharedServer>()

  constructor(context: HostContext, placement: string, modern: ModernCalls) {
    this.#context = context
    this.#placement = placement
    this.#modern = modern
  }

  /** Throws `session_not_found`, `server_not_found` and what a start can fail with. */
  async answer(host: HostCall, body: Uint8Array | undefined): Promise<Response> {
    if (host.sessionId === undefined) return this.#initialize(host, body ?? new Uint8Array())
    if (host.http === 'DELETE' && !this.#live.has(host.sessionId)) return this.#forget(host)
    const session = this.#live.get(host.sessionId) ?? (await this.#restore(host))
    if (!isOf(session.record, host)) throw new GatewayError('session_not_found')
    if (host.http === 'GET') return session.get(host)
    if (host.http === 'DELETE') return this.#delete(session)
    return session.post(host, body ?? new Uint8Array())
  }

  /** Forgets the shared servers that are configured no more; their sessions still hold them. */
  prune(digests: ReadonlySet<string>): void {
    for (const digest of this.#shared.keys()) if (!digests.has(digest)) this.#shared.delete(digest)
  }

  /** A process that a former object opened for a session of ours. */
  adopt(id: string, channel: Channel): boolean {
    if (this.#live.has(id)) return false
    const record = this.#context.store.session(id)
    const server = record && this.#context.servers.factsOf(record.server, record.principal)
    if (record === undefined || server === undefined) return false
    const session = new LegacySession(this.#context, server, record)
    const upstream = new OwnProcess(this.#context, session)
    upstream.adopt(channel)
    session.use(upstream)
    this.#keep(session)
    return true
  }

  async #initialize(host: HostCall, body: Uint8Array): Promise<Response> {
    if (host.envelope?.kind !== 'request' || host.envelope.method !== 'initialize') {
      throw new GatewayError('session_required')
    }
    const { servers, eras } = this.#context
    const server = await servers.get(host.server, host.configVersion, host.principal)
    const spoken = await eras.of(server)
    const request = prepare(body, server)
    const session = new LegacySession(this.#context, server, {
      id: `${this.#placement}.${randomHex(SESSION_ID_BYTES)}`,
      server: server.name,
      principal: host.principal,
      protocol: '',
      initialize: JSON.stringify(request.params),
      logLevel: undefined,
      subscriptions: [],
      access: host.access,
    })
    const upstream = await this.#attach(session, server)
    const call = openCall(session, host, request.body, server)
    // A slow start is answered by a stream, whose headers leave before the answer is there.
    call.reply.headers = { 'mcp-session-id': session.record.id }
    const begin = async (): Promise<void> => {
      if (upstream instanceof OwnProcess) {
        return upstream.begin(call, request.body, (result) => this.#settle(session, call, result))
      }
      const result = announce(server, spoken, request.params)
      this.#settle(session, call, result)
      call.answer(encode(toResult(call.id, result)), 'ok')
    }
    begin().catch((error: unknown) => {
      call.reply.headers = {}
      call.onLost(GatewayError.from(error))
      this.#end(session)
    })
    return call.reply.response
  }

  /** From here on the session exists. Throws when the credential that began it has ended meanwhile. */
  #settle(session: LegacySession, call: ClientCall, result: Record<string, unknown>): void {
    if (call.settled) throw unauthorized()
    const { record } = session
    const { protocolVersion } = result
    record.protocol = typeof protocolVersion === 'string' ? protocolVersion : LATEST_LEGACY
    this.#context.store.addSession(record, Date.now())
    this.#keep(session)
  }

  async #restore(host: HostCall): Promise<LegacySession> {
    const { store, servers, link, isUp } = this.#context
    const id = host.sessionId ?? ''
    const record = store.session(id)
    if (record === undefined || !isOf(record, host)) throw new GatewayError('session_not_found')
    const server = await servers.get(record.server, host.configVersion, record.principal)
    // The link may bring the process that a former object had; `adopt` then makes the session.
    // A client that only listens does not wake a container for it.
    if (host.http !== 'GET' || isUp()) await link.ready(RESTORE_TIMEOUT_MS)
    const adopted = this.#live.get(id)
    if (adopted !== undefined) return adopted
    const session = new LegacySession(this.#context, server, record)
    await this.#attach(session, server)
    const raced = this.#live.get(id)
    const isDeleted = store.session(id) === undefined
    if (raced === undefined && !isDeleted) {
      session.failFormer(new GatewayError('server_exited'))
      this.#keep(session)
      return session
    }
    session.rest()
    if (isDeleted) throw new GatewayError('session_not_found')
    return raced ?? session
  }

  /** Gives a session the upstream that its server calls for. */
  async #attach(session: LegacySession, server: Server): Promise<Upstream> {
    const spoken = await this.#context.eras.of(server)
    const upstream = await this.#upstreamFor(session, server, spoken)
    session.use(upstream)
    return upstream
  }

  async #upstreamFor(session: LegacySession, server: Server, spoken: Eras): Promise<Upstream> {
    if (spoken.initialize === undefined) {
      const facts = readDiscoverResult(spoken.discover, server.name)
      const modern = await this.#modern.modernServer(server)
      return new ModernUpstream(this.#context, session, modern, facts?.capabilities ?? {})
    }
    if (server.config.sharing === 'session') return new OwnProcess(this.#context, session)
    const { digest } = server.launch
    let shared = this.#shared.get(digest)
    if (shared === undefined)
      this.#shared.set(digest, (shared = new SharedServer(this.#context, server)))
    return new SharedUpstream(this.#context, session, shared)
  }

  /** Sessions that rest leave the memory, oldest first; the store has them. */
  #keep(session: LegacySession): void {
    this.#live.set(session.record.id, session)
    if (this.#live.size <= MAX_LIVE) return
    for (const [id, resting] of this.#live) {
      if (!resting.rests) continue
      this.#live.delete(id)
      resting.rest()
      return
    }
  }

  #delete(session: LegacySession): Response {
    this.#end(session)
    return new Response(null, { status: 204 })
  }

  /** Whatever ends writes to the log once more, so the records go last. */
  #end(session: LegacySession): void {
    const { id } = session.record
    this.#live.delete(id)
    session.close()
    this.#context.store.deleteSession(id)
  }

  /** Deletes a session that rests; a process that a former object had for it is not adopted. */
  #forget(host: HostCall): Response {
    const { store } = this.#context
    const record = store.session(host.sessionId ?? '')
    if (record === undefined || !isOf(record, host)) throw new GatewayError('session_not_found')
    store.deleteSession(record.id)
    return new Response(null, { status: 204 })
  }
}

const RESTORE_TIMEOUT_MS = 30_000
/** Its params are kept with the session. */
const MAX_INITIALIZE_BYTES = 256 * 1024
/** As `SESSION_ID` has them. */
const SESSION_ID_BYTES = 16
/** Sessions kept in memory. */
const MAX_LIVE = 2_000

/** Throws `unauthorized` when the credential has ended meanwhile; then nothing of the session is left. */
function openCall(
  session: LegacySession,
  host: HostCall,
  body: Uint8Array,
  { config }: Server,
): ClientCall {
  try {
    return session.createCall(host, body, config.timeoutMs.start)
  } catch (error) {
    session.rest()
    throw error
  }
}

/** A session is its principal's: to another one it does not exist, whoever's token it is. */
function isOf(record: SessionRecord, { server, principal }: HostCall): boolean {
  return record.server === server && record.principal === principal
}

/** The client's `initialize` as the server gets it: without `roots` unless they are allowed. */
function prepare(body: Uint8Array, { config }: Server): { body: Uint8Array; params: unknown } {
  if (body.length > MAX_INITIALIZE_BYTES) {
    throw new GatewayError('invalid_params', {
      detail: `initialize is larger than ${MAX_INITIALIZE_BYTES} bytes`,
    })
  }
  const message = decode(body)
  const { params } = message
  if (!isObject(params))
    throw new GatewayError('invalid_params', { detail: 'initialize has no params' })
  const { capabilities } = params
  if (config.roots || !isObject(capabilities) || !('roots' in capabilities)) return { body, params }
  const { roots: _, ...rest } = capabilities
  const stripped = { ...params, capabilities: rest }
  return { body: encode({ ...message, params: stripped }), params: stripped }
}

/** What a gateway that initialises a server itself tells a legacy client of it. */
function announce({ name }: Server, spoken: Eras, params: unknown): Record<string, unknown> {
  const facts = readInitializeResult(spoken.initialize) ?? readDiscoverResult(spoken.discover, name)
  if (facts === undefined) {
    throw new GatewayError('server_start_failed', { detail: 'its first answer is malformed' })
  }
  return toInitializeResult(facts, isObject(params) ? params.protocolVersion : undefined)
}
