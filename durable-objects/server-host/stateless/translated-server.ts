/** Modern clients of a legacy server: each call in a process of its client's, translated both ways. */
import { GatewayError } from '#protocol/errors.ts'
import { isObject, toResult, type RequestId } from '#protocol/json-rpc.ts'
import { OWN_CLIENT } from '#protocol/host-call.ts'
import { URGENCY, type Urgency } from '#protocol/link.ts'
import { INPUT_METHODS, REPEATABLE_METHODS } from '#protocol/mcp.ts'
import type { ClientCall } from '../call/client-call.ts'
import { decode, encode, type Connection } from '../processes/connection.ts'
import type { Eras } from '../processes/era-answers.ts'
import { oldestOfGreediest } from '../call/fair-share.ts'
import type { HostContext } from '../host-context.ts'
import { repeatOnce } from '../guard/repeat-once.ts'
import type { Server } from '../processes/servers.ts'
import { requireFacts } from '../processes/spoken-facts.ts'
import { toDiscoverResult } from '../translate/discover.ts'
import type { ServerFacts } from '../translate/server-facts.ts'
import { digestCall, openRequestState, sealRequestState } from '../translate/request-state.ts'
import { toLegacyRequest } from '../translate/to-legacy-request.ts'
import { Askers } from './askers.ts'
import type { ListenServing } from '../call/serving.ts'
import { callerOf, type Lease, type LeaseOwner } from './lease.ts'
import { Listeners } from './listeners.ts'
import { createProcesses } from './create-processes.ts'
import type { Processes } from './processes.ts'
import { checkParamHeaders } from './param-headers.ts'
import { PARK_MS, TranslatedCall } from './translated-call.ts'

/** Parked calls each hold a process; the one parked longest of whoever has most makes room. */
const MAX_PARKED = 32

export class TranslatedServer implements ListenServing {
  readonly #context: HostContext
  readonly #server: Server
  readonly #facts: ServerFacts
  /** Of the configuration that it was made for. */
  readonly #way: string
  readonly #processes: Processes
  readonly #listeners: Listeners
  readonly #key: () => Promise<CryptoKey>
  readonly #running = new Set<TranslatedCall>()
  readonly #parked = new Map<string, TranslatedCall>()
  readonly #askers = new Askers()

  constructor(context: HostContext, server: Server, eras: Eras, key: () => Promise<CryptoKey>) {
    const facts = requireFacts(eras, server.name, 'legacy')
    this.#context = context
    this.#server = server
    this.#way = wayOf(server)
    this.#facts = facts
    this.#key = key
    this.#processes = createProcesses(context, server, this.#owner)
    this.#listeners = new Listeners(facts, server, this.#processes)
  }

  get isCurrent(): boolean {
    return this.#way === wayOf(this.#server)
  }

  async call(client: ClientCall, body: Uint8Array): Promise<void> {
    const { envelope } = client.host
    const method = envelope?.kind === 'request' ? envelope.method : ''
    if (method === 'server/discover') {
      // What a server keeps is a client's own in a session: two of one name are apart there.
      const hasSessions = this.#server.config.sharing === 'session'
      const era = hasSessions && client.host.isModernOnly !== true ? 'legacy' : 'modern'
      return client.answer(encode(toResult(client.id, toDiscoverResult(this.#facts, era))), 'ok')
    }
    if (method === 'subscriptions/listen') return this.#listeners.add(client, body)
    if (INPUT_METHODS.has(method) && (await this.#resume(client, method, body))) return
    await this.#begin(client, method, body)
  }

  /** A retry with input has had its answers spent. */
  async mayRepeat({ host }: ClientCall): Promise<boolean> {
    if (host.envelope?.kind !== 'request' || host.retries === true) return false
    const { method } = host.envelope
    if (method === 'tools/call') {
      return this.#context.tools.isRepeatable(this.#server, host.target)
    }
    return REPEATABLE_METHODS.has(method)
  }

  abandon(client: ClientCall): void {
    this.#listeners.delete(client)
    for (const call of this.#running) {
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

  tell(client: ClientCall, method: string): void {
    this.#listeners.tell(client, method)
  }

  /** Calls that run go on; those that wait for their clients do not. */
  close(): void {
    this.#listeners.close()
    for (const call of this.#parked.values()) call.abandon('the configuration has changed')
    this.#processes.close()
  }

  async #begin(client: ClientCall, method: string, body: Uint8Array): Promise<void> {
    const caller = callerOf(client.host)
    const lease = await this.#processes.acquire(caller, client)
    try {
      if (!lease.process.isReady) await lease.process.start(urgencyOf(client))
      if (!client.settled && method === 'tools/call') {
        const ask = (params: Record<string, unknown>) => lease.process.ask('tools/list', params)
        const { tools } = this.#context
        const asked = { tools, owner: this.#server, ask }
        await checkParamHeaders(client.host, client.original ?? body, asked)
      }
      const { logLevel } = client.host
      if (logLevel !== undefined && isObject(this.#facts.capabilities.logging)) {
        await lease.setLevel(logLevel)
      }
    } catch (error) {
      this.#processes.release(lease, true)
      throw error
    }
    if (client.settled) return this.#processes.release(lease, true)
    await this.#send(lease, client, method, body)
  }

  async #send(lease: Lease, client: ClientCall, method: string, body: Uint8Array): Promise<void> {
    const call = new TranslatedCall({
      key: crypto.randomUUID(),
      client,
      caller: client.host.client === OWN_CLIENT ? undefined : callerOf(client.host).key,
      method,
      process: lease.process,
      roots: this.#server.config.roots,
      serverInfo: this.#facts.serverInfo,
      seal: (sealed) => this.#seal(sealed, body),
      onParked: (parked) => this.#park(parked),
      onLost: (lost, error, undelivered) => this.#repeats(lost, error, undelivered),
      onUnasked: (question, connection) => this.#ask(lease, question, connection),
      onDone: (done, isClean) => {
        lease.calls.delete(done)
        this.#running.delete(done)
        this.#processes.release(lease, isClean)
      },
    })
    lease.calls.add(call)
    this.#running.add(call)
    const hasToken = client.host.progressToken !== undefined
    const write = (id: number): Uint8Array => {
      const token: { progressToken?: RequestId } = hasToken ? { progressToken: id } : {}
      return toLegacyRequest(body, { id, ...token })
    }
    await call.send(write).catch((error: unknown) => call.onLost(GatewayError.from(error)))
  }

  async #seal(call: TranslatedCall, body: Uint8Array): Promise<string> {
    const digest = await digestCall(call.method, decode(body).params)
    const { key: callKey, principal } = call
    const expiresAt = Date.now() + PARK_MS
    return sealRequestState(await this.#key(), { callKey, principal, digest, expiresAt })
  }

  #park(call: TranslatedCall): void {
    this.#parked.set(call.key, call)
    if (this.#parked.size <= MAX_PARKED) return
    const oldest = oldestOfGreediest(this.#parked.values(), ({ principal }) => principal)
    if (oldest === undefined) return
    this.#parked.delete(oldest.key)
    oldest.abandon('too many calls wait for their clients')
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
      parked.resume(client, inputResponses)
    } catch (error) {
      this.#parked.set(verdict.callKey, parked)
      throw error
    }
    return true
  }

  /** A call whose process is gone runs once more, on another one, where it may be repeated. */
  #repeats(call: TranslatedCall, error: GatewayError, undelivered: boolean): boolean {
    this.#parked.delete(call.key)
    const { client, method } = call
    const body = client?.body
    if (client === undefined) return false
    client.undelivered = undelivered
    if (body === undefined || client.repeated) return false
    if (error.code !== 'server_exited' && !undelivered) return false
    if (!undelivered && method !== 'tools/call' && !REPEATABLE_METHODS.has(method)) return false
    repeatOnce(client, error, {
      mayRepeat: async () =>
        undelivered ||
        method !== 'tools/call' ||
        this.#context.tools.isRepeatable(this.#server, client.host.target),
      again: () => this.#begin(client, method, body),
    })
    return true
  }

  readonly #owner: LeaseOwner = {
    onRequest: (lease, payload, connection) => this.#ask(lease, payload, connection),
    onNotification: (lease, payload, method) => {
      this.#context.transforms.hear(this.#server.name, method)
      this.#listeners.publish(payload, method, lease)
    },
    onOver: (lease, error) => {
      this.#listeners.lose(lease, error)
      this.#processes.lose(lease)
    },
  }

  #ask(lease: Lease, payload: Uint8Array, connection: Connection): void {
    const call = this.#askers.callOf(lease.calls)
    if (call !== undefined) return call.ask(payload, connection)
    const { id, method } = decode(payload)
    const answer = method === 'ping' ? { result: {} } : { error: NOBODY }
    connection.send(encode({ jsonrpc: '2.0', id, ...answer }))
  }
}

/** What of its settings decides which process a call runs in, and what that is told. */
function wayOf({ config: { sharing, roots } }: Server): string {
  return `${sharing} ${roots}`
}

function urgencyOf({ host }: ClientCall): Urgency {
  return host.client === OWN_CLIENT ? URGENCY.list : URGENCY.call
}

const NOBODY = { code: -32601, message: 'There is no client to ask' }
