/**
 * HTTP+SSE of 2024-11-05: one GET stream is the session, and brings everything that the server says;
 * its first event names the endpoint that messages are posted to.
 */
import { GatewayError } from '../errors.ts'
import { judge, mediaType, readRPCError } from './answers.ts'
import { toProtocolFailure, toStatusFailure, toUnreachable } from './failures.ts'
import { Gate } from './gate.ts'
import { decodeText, readIncoming, readOutgoing, type Outgoing } from './messages.ts'
import { discard, readBody, readEvents } from './read-body.ts'
import type { RemoteConnection, RemoteOptions, RemoteRequest } from './remote.ts'
import { sendRequest, type Answer } from './send-request.ts'
import { SentAt } from './sent-at.ts'
import { withScheme } from './url.ts'

/** Longest until the server has named its endpoint. */
const OPEN_TIMEOUT_MS = 15_000
/** Longest until a message is accepted; its answer comes over the stream. */
const POST_TIMEOUT_MS = 30_000
const MAX_ENDPOINT_CHARS = 8_192
const MAX_ERROR_BYTES = 64 * 1024

/** The path may only sound like this transport. */
const HTTP_HINT = ': where it speaks Streamable HTTP, "transport" is "http"'

export class SseConnection implements RemoteConnection {
  readonly #options: RemoteOptions
  readonly #opened = Promise.withResolvers<void>()
  readonly #gate = new Gate((message) => this.#post(message))
  readonly #sentAt = new SentAt()
  readonly #ending = new AbortController()
  #url: URL
  #endpoint: URL | undefined
  #isOver = false

  constructor(options: RemoteOptions) {
    this.#options = options
    this.#url = withScheme(options.url, 'http')
    this.#opened.promise.catch(() => undefined) // who opened it may look at `onOver` alone
    const timer = setTimeout(() => {
      this.#end(toProtocolFailure('named no endpoint in time', this.#url))
    }, OPEN_TIMEOUT_MS)
    void this.#opened.promise.then(
      () => clearTimeout(timer),
      () => clearTimeout(timer),
    )
    void this.#run()
  }

  get opened(): Promise<void> {
    return this.#opened.promise
  }

  get inFlight(): number {
    return this.#sentAt.size
  }

  send(payload: Uint8Array): void {
    const message = this.#isOver ? undefined : readOutgoing(payload)
    if (message === undefined) return
    this.#sentAt.note(message)
    if (this.#gate.pass(message)) return
    this.#fail(message, new GatewayError('server_busy', { detail: 'its session does not begin' }))
  }

  /** The end of the stream is the end of the session. */
  async close(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    this.#ending.abort()
    this.#opened.reject(new GatewayError('server_exited', { detail: 'it was closed' }))
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending
    try {
      const headers = { accept: 'text/event-stream' }
      const { response, url } = await this.#send(this.#url, { method: 'GET', headers, signal })
      this.#url = url
      const type = mediaType(response.headers.get('content-type'))
      if (response.status !== 200 || type !== 'text/event-stream') {
        await discard(response.body)
        const { status } = response
        throw status === 200
          ? toProtocolFailure('answered without a stream of events', url)
          : toStatusFailure(status, url, response.headers.get('retry-after'), HTTP_HINT)
      }
      await readEvents(response.body, {
        maxEventBytes: this.#options.maxMessageBytes,
        onEvent: ({ name, data }) => this.#receive(name, data),
        onOversize: () => this.#discarded(),
      })
      const detail = 'the remote server ended the stream of its session'
      this.#end(new GatewayError('server_exited', { detail }))
    } catch (error) {
      this.#end(toUnreachable(error, this.#url))
    }
  }

  #receive(name: string, data: Uint8Array): void {
    if (this.#isOver) return
    if (name === 'endpoint') return this.#takeEndpoint(decodeText(data))
    if (name !== 'message') return
    for (const incoming of readIncoming(data)) {
      this.#options.listener.onMessage(incoming.payload, this.#sentAt.metaOf(incoming))
    }
  }

  /** Another origin would get the configured headers. */
  #takeEndpoint(text: string): void {
    if (this.#endpoint !== undefined) return
    const isURL = text.length <= MAX_ENDPOINT_CHARS && URL.canParse(text, this.#url.href)
    const endpoint = isURL ? new URL(text, this.#url.href) : undefined
    if (endpoint?.origin !== this.#url.origin) {
      const detail = `${this.#url.host} named an endpoint at another origin`
      return this.#end(new GatewayError('remote_refused', { detail }))
    }
    this.#endpoint = endpoint
    this.#opened.resolve()
  }

  async #post(message: Outgoing): Promise<void> {
    if (this.#isOver || this.#endpoint === undefined) return
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(POST_TIMEOUT_MS)])
    const headers = { accept: 'application/json', 'content-type': 'application/json' }
    const request = { method: 'POST' as const, headers, body: message.payload, signal }
    try {
      const answer = await this.#send(this.#endpoint, request)
      const { status } = answer.response
      if (status < 200 || status > 299) await this.#refused(answer, message)
      else await discard(answer.response.body)
    } catch (error) {
      this.#fail(message, toUnreachable(error, this.#url))
    }
  }

  async #refused({ response, url }: Answer, message: Outgoing): Promise<void> {
    const { status, headers } = response
    const body = await readBody(response.body, MAX_ERROR_BYTES).catch(() => undefined)
    const error = body === undefined ? undefined : readRPCError(body, this.#options.headers)
    const { envelope } = message
    const method = envelope.kind === 'response' ? '' : envelope.method
    const { kind } = judge({ status, error, method, isOfSession: true })
    if (kind !== 'session-over') throw toStatusFailure(status, url, headers.get('retry-after'))
    if (envelope.kind === 'request') {
      this.#options.listener.onUndelivered({ id: envelope.id })
    }
    const detail = 'the remote server does not know its session any more'
    this.#end(new GatewayError('server_exited', { detail }))
  }

  #send(url: URL, request: RemoteRequest): Promise<Answer> {
    const { fetch, ...target } = this.#options
    return sendRequest({ fetch, target }, url, request)
  }

  #discarded(): void {
    const { listener, maxMessageBytes: maxBytes } = this.#options
    if (!this.#isOver) listener.onOversize({ maxBytes })
  }

  #fail({ envelope }: Outgoing, error: GatewayError): void {
    if (this.#isOver || envelope.kind !== 'request') return
    this.#sentAt.forget(envelope.id)
    this.#options.listener.onFailed(envelope.id, error)
  }

  #end(error: GatewayError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#ending.abort()
    this.#opened.reject(error)
    this.#options.listener.onOver(error)
  }
}
