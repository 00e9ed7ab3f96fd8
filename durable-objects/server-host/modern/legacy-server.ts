/** Modern clients of a legacy server: each call on a leased process, translated both ways. */
import { GatewayError } from '#protocol/errors.ts'
import { isObject, toResult, type RequestId } from '#protocol/json-rpc.ts'
import type { MessageMeta } from '#protocol/link.ts'
import { INPUT_METHODS, REPEATABLE_METHODS } from '#protocol/mcp.ts'
import type { ClientCall } from '../calls/client-call.ts'
import { decode, encode, type ConnectionOwner } from '../connection.ts'
import type { Eras } from '../servers/eras.ts'
import type { HostContext } from '../host-context.ts'
import type { Server } from '../servers/servers.ts'
import { readInitializeResult, toDiscoverResult, type ServerFacts } from '../translate/discover.ts'
import { digestCall, openRequestState, sealRequestState } from '../translate/request-state.ts'
import { toLegacyRequest } from '../translate/to-legacy-request.ts'
import type { ListenServing } from './serving.ts'
import { LeasePool, type Lease } from './lease-pool.ts'
import { Listeners } from './listeners.ts'
import { logsAt } from './log-level.ts'
import { ToolCatalog } from './tool-catalog.ts'
import { PARK_MS, TranslatedCall } from './translated-call.ts'

/** Parked calls each hold a process; the one parked longest makes room. */
const MAX_PARKED = 32

interface Running {
  lease: Lease
  call: TranslatedCall
}

export class LegacyServer implements ListenServing {
  readonly #context: HostContext
  readonly #server: Server
  readonly #facts: ServerFacts
  readonly #pool: LeasePool
  readonly #listeners: Listeners
  readonly #key: () => Promise<CryptoKey>
  readonly #running = new Map<Lease, TranslatedCall>()
  readonly #parked = new Map<string, Running>()
  #lastId = 0
  readonly #tools = new ToolCatalog()

  constructor(context: HostContext, server: Server, eras: Eras, key: () => Promise<CryptoKey>) {
    const facts = readInitializeResult(eras.initialize)
    if (facts === undefined) {
      throw new GatewayError('server_start_failed', {
        detail: 'its initialize result is malformed',
      })
    }
    this.#context = context
    this.#server = server
    this.#facts = facts
    this.#key = key
    this.#pool = new LeasePool(context, server, (lease) => this.#ownerOf(lease))
    this.#listeners = new Listeners(facts, server, this.#pool)
  }

  async call(client: ClientCall, body: Uint8Array): Promise<void> {
    const { envelope } = client.host
    const method = envelope?.kind === 'request' ? envelope.method : ''
    if (method === 'server/discover') {
      return client.answer(encode(toResult(client.id, toDiscoverResult(this.#facts))), 'ok')
    }
    if (method === 'subscriptions/listen') return this.#listeners.add(client, body)
    if (INPUT_METHODS.has(method) && (await this.#resume(client, method, body))) return
    await this.#begin(client, method, body)
  }

  /** A retry with input has had its answers spent. */
  async mayRepeat({ host }: ClientCall): Promise<boolean> {
    if (host.envelope?.kind !== 'request' || host.retries === true) return false
    const { method } = host.envelope
    if (method === 'tools/call') return this.#tools.isRepeatable(host)
    return REPEATABLE_METHODS.has(method)
  }

  abandon(client: ClientCall): void {
    this.#listeners.delete(client)
    for (const call of this.#running.values()) {
      if (call.client === client) return call.abandon('the client is gone')
    }
    client.abandon()
  }

  release(client: ClientCall): void {
    this.#listeners.delete(client)
  }

  join(client: ClientCall, body: Uint8Array): Promise<void> {
    return this.#listeners.add(client, body, true)
  }

  tell(method: string): void {
    this.#listeners.publish(encode({ jsonrpc: '2.0', method }), method)
  }

  /** Calls that run go on; those that wait for their clients do not. */
  close(): void {
    this.#listeners.close()
    for (const { call } of this.#parked.values()) call.abandon('the configuration has changed')
    this.#pool.close()
  }

  async #begin(client: ClientCall, method: string, body: Uint8Array): Promise<void> {
    const lease = await this.#pool.acquire(client.host.capabilities ?? '{}', client.deadline)
    if (client.settled) return this.#pool.release(lease)
    try {
      if (method === 'tools/call') {
        const { start } = this.#server.config.timeoutMs
        const ask = (params: Record<string, unknown>) =>
          lease.connection.ask('tools/list', params, start)
        await this.#tools.checkHeaders(client.host, client.original ?? body, ask)
      }
      await this.#setLogLevel(lease, client.host.logLevel)
      this.#send(lease, client, method, body)
    } catch (error) {
      this.#running.delete(lease)
      this.#pool.release(lease)
      throw error
    }
  }

  #send(lease: Lease, client: ClientCall, method: string, body: Uint8Array): void {
    const id = ++this.#lastId
    const call = new TranslatedCall({
      id,
      key: crypto.randomUUID(),
      client,
      method,
      connection: lease.connection,
      roots: this.#server.config.roots,
      serverInfo: this.#facts.serverInfo,
      seal: (sealed) => this.#seal(sealed, body),
      onParked: (parked) => this.#park({ lease, call: parked }),
      onDone: (_call, isClean) => this.#finish(lease, isClean),
    })
    this.#running.set(lease, call)
    const token: { progressToken?: RequestId } =
      client.host.progressToken === undefined ? {} : { progressToken: id }
    lease.connection.request(call, toLegacyRequest(body, { id, ...token }))
  }

  /** What goes on after its call could ask the next one's client: such a process is not lent again. */
  #finish(lease: Lease, isClean: boolean): void {
    this.#running.delete(lease)
    if (isClean) this.#pool.release(lease)
    else this.#pool.discard(lease)
  }

  async #seal(call: TranslatedCall, body: Uint8Array): Promise<string> {
    const digest = await digestCall(call.method, decode(body).params)
    const { key: callKey, principal } = call
    const expiresAt = Date.now() + PARK_MS
    return sealRequestState(await this.#key(), { callKey, principal, digest, expiresAt })
  }

  #park(running: Running): void {
    this.#parked.set(running.call.key, running)
    const [oldest] = this.#parked.values()
    if (oldest === undefined || this.#parked.size <= MAX_PARKED) return
    this.#parked.delete(oldest.call.key)
    oldest.call.abandon('too many calls wait for their clients')
  }

  /** Whether the request was the retry of a call that waits. One that waits no more begins anew. */
  async #resume(client: ClientCall, method: string, body: Uint8Array): Promise<boolean> {
    if (!client.host.retries) return false
    const { params } = decode(body)
    const { requestState, inputResponses } = isObject(params) ? params : {}
    if (requestState === undefined) return false
    const digest = await digestCall(method, params)
    const asked = { principal: client.host.principal, digest, now: Date.now() }
    const verdict = await openRequestState(await this.#key(), requestState, asked)
    if (!verdict.ok) throw new GatewayError('request_state_invalid')
    const parked = this.#parked.get(verdict.callKey)
    if (parked === undefined) return false
    this.#parked.delete(verdict.callKey)
    try {
      parked.call.resume(client, inputResponses)
    } catch (error) {
      this.#parked.set(verdict.callKey, parked)
      throw error
    }
    return true
  }

  /** A process that was never told a level stays at its own; messages are filtered by `logsAt`. */
  async #setLogLevel(lease: Lease, level: string | undefined): Promise<void> {
    if (level === undefined || lease.logLevel === level) return
    if (!isObject(this.#facts.capabilities.logging)) return
    const { start } = this.#server.config.timeoutMs
    lease.logLevel = level
    await lease.connection.ask('logging/setLevel', { level }, start).catch((error: unknown) => {
      if (GatewayError.is(error)) throw error
    })
  }

  #ownerOf(lease: Lease): ConnectionOwner {
    return {
      onServerMessage: (payload, meta) => this.#receive(lease, payload, meta),
      onStrayResponse: () => undefined,
      onOver: (error, unanswered) => {
        const call = this.#running.get(lease)
        this.#running.delete(lease)
        if (call !== undefined) this.#parked.delete(call.key)
        this.#listeners.lose(lease)
        this.#pool.discard(lease)
        for (const exchange of unanswered) {
          if (exchange === call && this.#repeats(call, error)) continue
          exchange.onLost(error)
        }
      },
    }
  }

  /** A call that may be repeated runs once more, on another process. */
  #repeats(call: TranslatedCall, error: GatewayError): boolean {
    const { client, method } = call
    const body = client?.body
    if (client === undefined || body === undefined || client.repeated) return false
    const { undelivered = false } = call
    if (!undelivered && method !== 'tools/call' && !REPEATABLE_METHODS.has(method)) return false
    const repeat = async (): Promise<void> => {
      if (method === 'tools/call' && !undelivered) {
        if (!(await this.#tools.isRepeatable(client.host))) return client.onLost(error)
      }
      if (!undelivered && !client.takeRepetition()) return client.onLost(error)
      client.repeated = true
      await this.#begin(client, method, body)
    }
    repeat().catch((failure: unknown) => client.onLost(GatewayError.is(failure) ? failure : error))
    return true
  }

  #receive(lease: Lease, payload: Uint8Array, { kind, id, method }: MessageMeta): void {
    const call = this.#running.get(lease)
    if (kind === 'request') {
      if (call !== undefined) return call.ask(payload)
      const answer = method === 'ping' ? { result: {} } : { error: NOBODY }
      return lease.connection.send(encode({ jsonrpc: '2.0', id, ...answer }))
    }
    if (method === 'notifications/progress') return call?.progress(payload)
    if (method === 'notifications/message') {
      const level = call?.client?.host.logLevel
      if (level !== undefined && logsAt(payload, level)) call?.client?.reply.event(payload)
      return
    }
    if (method === 'notifications/tools/list_changed') this.#tools.forget()
    this.#context.transforms.hear(this.#server.name, method)
    this.#listeners.publish(payload, method ?? '')
  }
}

const NOBODY = { code: -32601, message: 'There is no client to ask' }
