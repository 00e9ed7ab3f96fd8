/**
 * Streamable HTTP, both eras: each message is a POST, whose response has the answer or streams it.
 * Legacy requests belong to a session and have a GET stream beside them; a modern one stands alone,
 * and is cancelled by ending its response.
 */
import { GatewayError } from '../errors.ts'
import type { Envelope, RequestId } from '../json-rpc.ts'
import { HEADER } from '../mcp.ts'
import { judge, readRPCError, toMeta } from './answers.ts'
import { toProtocolFailure, toStatusFailure, toUnreachable } from './failures.ts'
import { Flights, type Flight } from './flights.ts'
import { Gate, isInitialized } from './gate.ts'
import { HttpSession } from './http-session.ts'
import { encodeMessage, readIncoming, readOutgoing, type Outgoing } from './messages.ts'
import { discard, readBody } from './read-body.ts'
import { readResponse, toEventOptions, type ResponseHooks } from './read-response.ts'
import type { RemoteConnection, RemoteOptions, RemoteRequest, RemoteResponse } from './remote.ts'
import { toModernHeaders } from './request-headers.ts'
import { sendRequest, type Answer } from './send-request.ts'
import { keepStandingStream } from './standing-stream.ts'
import { ToolHeaders } from './tool-headers.ts'
import { withScheme } from './url.ts'
import { within } from '../within.ts'

/** What a server says of its refusal. */
const MAX_ERROR_BYTES = 64 * 1024
/** Longest until a notification is accepted; no call waits for it. */
const TELL_TIMEOUT_MS = 10_000
/** Longest until the server has confirmed the end of a session. */
const CLOSE_TIMEOUT_MS = 5_000
/** Longest that what was asked beside a request that found the session gone is waited for. */
const VERDICT_MS = 1_000
/** Above the numbers of who sends requests through it. */
const FIRST_OWN_ID = 2 ** 30
/** Of tools, read for what their calls repeat in headers. */
const MAX_TOOL_PAGES = 50

/** How a server of 2024-11-05 meets a POST (2026-07-28, basic/versioning.mdx, Backward Compatibility). */
const OLDER_STATUS: ReadonlySet<number> = new Set([400, 404, 405])
const OLDER_HINT = ': where it speaks HTTP+SSE, "transport" is "sse"'

const STREAM = { accept: 'text/event-stream' }
const BODY = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
}

type Ask = Outgoing & { envelope: Envelope & { kind: 'request' } }

export class HttpConnection implements RemoteConnection {
  readonly opened = Promise.resolve()
  readonly #options: RemoteOptions
  readonly #url: URL
  readonly #gate = new Gate((message) => this.#dispatch(message))
  readonly #flights = new Flights()
  readonly #session = new HttpSession()
  readonly #tools = new ToolHeaders()
  /** Ends what is no request's: the GET stream, and notifications. */
  readonly #ending = new AbortController()
  /** Requests of a session that is gone: its server has read none of them. */
  readonly #unread: RequestId[] = []
  /** Its server does not know the session any more, and answers what it was asked before. */
  #isLost = false
  #isOver = false
  #lastOwnId = 0

  constructor(options: RemoteOptions) {
    this.#options = options
    this.#url = withScheme(options.url, 'http')
  }

  get inFlight(): number {
    return this.#flights.size
  }

  send(payload: Uint8Array): void {
    const message = this.#isOver ? undefined : readOutgoing(payload)
    if (message === undefined || this.#gate.pass(message) || !isAsk(message)) return
    const busy = new GatewayError('server_busy', { detail: 'its session does not begin' })
    this.#options.listener.onFailed(message.envelope.id, busy)
  }

  async close(): Promise<void> {
    if (this.#isOver) return
    this.#stop()
    if (!this.#session.hasId) return
    const { headers } = this.#session
    const signal = AbortSignal.timeout(CLOSE_TIMEOUT_MS)
    try {
      const { response } = await this.#send({ method: 'DELETE', headers, signal })
      await discard(response.body)
    } catch {
      // The session ends there by itself some day.
    }
  }

  async #dispatch(message: Outgoing): Promise<void> {
    if (this.#isOver) return
    if (this.#isLost) return void (isAsk(message) && this.#unread.push(message.envelope.id))
    if (isAsk(message)) return this.#ask(message)
    const cancelled = message.cancels === undefined ? undefined : this.#flights.get(message.cancels)
    if (cancelled !== undefined) this.#flights.cut(cancelled)
    // Over HTTP no notification of a modern client has a meaning.
    if (!this.#session.isLegacy) return
    await this.#tell(message)
    if (isInitialized(message)) void this.#listen()
  }

  /** A notification, or the client's answer to a request of the server's. */
  async #tell({ payload }: Outgoing): Promise<void> {
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(TELL_TIMEOUT_MS)])
    const headers = { ...BODY, ...this.#session.headers }
    try {
      const { response } = await this.#send({ method: 'POST', headers, body: payload, signal })
      await discard(response.body)
      if (response.status === 404 && this.#session.hasId) void this.#lose()
    } catch {
      // The next request tells what is wrong with the server.
    }
  }

  async #ask(message: Ask): Promise<void> {
    const { id, method } = message.envelope
    if (method === 'initialize') this.#session.isLegacy = true
    const flight = this.#flights.add(id, method)
    try {
      await this.#exchange(message, flight)
    } catch (error) {
      this.#fail(flight, error)
    } finally {
      this.#flights.cut(flight)
    }
  }

  async #exchange(message: Ask, flight: Flight, isRetry = false): Promise<void> {
    const headers = { ...BODY, ...this.#headersOf(message) }
    const { signal } = flight.abort
    const body = message.payload
    const answer = await this.#send({ method: 'POST', headers, body, signal })
    const { response, url } = answer
    if (response.status < 200 || response.status > 299) {
      const mayRetry = await this.#refused(answer, message)
      if (mayRetry && !isRetry) await this.#exchange(message, flight, true)
      return
    }
    if (flight.method === 'initialize') {
      const id = response.headers.get(HEADER.sessionId)
      if (!this.#session.begin(id)) throw toProtocolFailure('gave a malformed session id', url)
    }
    await readResponse(answer, flight, this.#hooksOf(flight))
  }

  /**
   * A status that is no success: the server's own answer, the end of the session, or a failure, which
   * is thrown. True when the request may be sent again, with headers that it lacked.
   */
  async #refused({ response, url }: Answer, message: Ask): Promise<boolean> {
    const { status, headers } = response
    const body = await readBody(response.body, MAX_ERROR_BYTES).catch(() => undefined)
    const error = body === undefined ? undefined : readRPCError(body, this.#options.headers)
    const { id, method } = message.envelope
    const isOfSession = this.#session.hasId && method !== 'initialize'
    const verdict = judge({ status, error, method, isOfSession })
    if (verdict.kind === 'failure') {
      const isOlder = method === 'initialize' && OLDER_STATUS.has(status)
      throw toStatusFailure(status, url, headers.get('retry-after'), isOlder ? OLDER_HINT : '')
    }
    if (verdict.kind === 'session-over') {
      this.#unread.push(id)
      void this.#lose()
      return false
    }
    if (verdict.kind === 'header-mismatch' && (await this.#learnTools(message))) return true
    this.#receive(encodeMessage({ jsonrpc: '2.0', id, error: verdict.error }))
    return false
  }

  /** Reads the tools' definitions; whether the called one has more headers than were known. */
  async #learnTools({ params }: Ask): Promise<boolean> {
    const before = this.#tools.of(params.name).length
    let cursor: string | undefined
    for (let page = 0; page < MAX_TOOL_PAGES; page++) {
      const asked = { _meta: params._meta, ...(cursor !== undefined && { cursor }) }
      const result = await this.#askOwn('tools/list', asked)
      cursor = this.#tools.learn(result)
      if (cursor === undefined) break
    }
    return this.#tools.of(params.name).length > before
  }

  async #askOwn(method: string, params: Record<string, unknown>): Promise<unknown> {
    const id = FIRST_OWN_ID + this.#lastOwnId++
    const message = readOutgoing(encodeMessage({ jsonrpc: '2.0', id, method, params }))
    if (message === undefined || !isAsk(message)) return undefined
    const flight = this.#flights.add(id, method)
    let result: unknown
    flight.take = (answer) => (result = answer.result)
    await this.#exchange(message, flight, true).finally(() => this.#flights.cut(flight))
    return result
  }

  /** What belongs to no request, from when the session has begun. */
  async #listen(): Promise<void> {
    const { signal } = this.#ending
    await keepStandingStream({
      open: (lastEventId) => this.#openStream(lastEventId, signal),
      events: toEventOptions(this.#hooksOf(undefined)),
      onSessionOver: () => void this.#lose(),
      signal,
    })
  }

  async #openStream(id: string | undefined, signal: AbortSignal): Promise<RemoteResponse> {
    const resumed = id === undefined || id === '' ? {} : { [HEADER.lastEventId]: id }
    const headers = { ...STREAM, ...this.#session.headers, ...resumed }
    const { response } = await this.#send({ method: 'GET', headers, signal })
    return response
  }

  #hooksOf(flight: Flight | undefined): ResponseHooks {
    return {
      maxMessageBytes: this.#options.maxMessageBytes,
      onMessages: (bytes) => this.#receive(bytes),
      onOversize: () => this.#discarded(flight),
      resume:
        this.#session.isLegacy && flight !== undefined
          ? (lastEventId) => this.#openStream(lastEventId, flight.abort.signal)
          : undefined,
    }
  }

  #headersOf({ envelope: { method }, params, modernVersion: version }: Ask) {
    if (version === undefined || this.#session.isLegacy) return this.#session.headers
    const annotations = method === 'tools/call' ? this.#tools.of(params.name) : []
    return toModernHeaders({ method, params, version, annotations })
  }

  #send(request: RemoteRequest): Promise<Answer> {
    const { fetch, ...target } = this.#options
    return sendRequest({ fetch, target }, this.#url, request)
  }

  #receive(bytes: Uint8Array): void {
    for (const incoming of readIncoming(bytes)) {
      if (this.#isOver) return
      const { envelope, message, payload } = incoming
      const flight = envelope.kind === 'response' ? this.#flights.get(envelope.id) : undefined
      if (flight !== undefined) this.#settle(flight, message)
      if (flight?.take !== undefined) continue
      const ms = flight && Date.now() - flight.sentAt
      this.#options.listener.onMessage(payload, toMeta(incoming, ms))
    }
  }

  #settle(flight: Flight, message: Record<string, unknown>): void {
    this.#flights.settle(flight)
    flight.take?.(message)
    if (flight.method === 'initialize') this.#session.settle(message.result)
    else if (flight.method === 'tools/list') this.#tools.learn(message.result)
  }

  #discarded(flight: Flight | undefined): void {
    const { listener, maxMessageBytes: maxBytes } = this.#options
    if (flight === undefined) return listener.onOversize({ maxBytes })
    if (!this.#flights.cut(flight)) return
    const id: { id?: RequestId } = flight.take === undefined ? { id: flight.id } : {}
    listener.onOversize({ ...id, maxBytes })
  }

  #fail(flight: Flight, error: unknown): void {
    if (!this.#flights.cut(flight) || this.#isOver) return
    this.#options.listener.onFailed(flight.id, toUnreachable(error, this.#url))
  }

  /** Each request that is under way gets its own verdict: nearly always that the server has not read it. */
  async #lose(): Promise<void> {
    if (this.#isOver || this.#isLost) return
    this.#isLost = true
    this.#ending.abort()
    await within(this.#flights.emptied(), VERDICT_MS, () => undefined)
    if (this.#isOver) return
    this.#stop()
    const { listener } = this.#options
    for (const id of this.#unread) listener.onUndelivered({ id })
    const detail = 'the remote server does not know its session any more'
    listener.onOver(new GatewayError('server_exited', { detail }))
  }

  #stop(): void {
    this.#isOver = true
    this.#ending.abort()
    this.#flights.cutAll()
  }
}

function isAsk(message: Outgoing): message is Ask {
  return message.envelope.kind === 'request'
}
