/**
 * The HTTP answer to one POSTed request: JSON when the first thing that comes is the answer,
 * otherwise an event stream that ends with it. A client that takes JSON alone is told only the answer.
 */
import { ERRORS, toErrorObject, type GatewayError } from '#protocol/errors.ts'
import type { CallLog } from '#protocol/call-log.ts'
import type { HostCall } from '#protocol/host-call.ts'
import type { RequestId } from '#protocol/json-rpc.ts'
import { encode } from '../processes/connection.ts'
import { SSE_HEADERS, type EventStream } from './event-stream.ts'
import { COMMENT } from './event-writer.ts'
import type { Ticker, Ticking } from '../processes/ticker.ts'
import { ClientWriter } from './client-writer.ts'
import type { Unread } from './unread.ts'

/**
 * A quiet call becomes an event stream after this long: proxies see bytes, and only a write tells that
 * the client is gone.
 */
const OPEN_AFTER_MS = 1_000

/** An answer up to this is not counted while its client has not read it. */
const SMALL_BYTES = 64 * 1024

/** Where the answer to a call goes, and what is said before it. */
export interface CallReply {
  answer: (payload: Uint8Array, outcome: CallLog['outcome'], status?: number) => void
  fail: (error: GatewayError) => void
  event: (payload: Uint8Array) => void
  abandon: () => void
}

/** One that becomes an HTTP response. */
export interface AnsweringReply extends CallReply {
  readonly response: Promise<Response>
}

export interface ReplyOptions {
  id: RequestId
  /** What its client takes: absent, both. */
  takes?: HostCall['takes'] | undefined
  ticker: Ticker
  unread: Unread
  principal: string
  /** Makes the stream when the reply needs one. */
  openStream: () => EventStream
  /** They speak of what the call brings about: an error goes without them, unless a stream has begun. */
  headers?: Record<string, string> | undefined
}

const NO_HEADERS: Readonly<Record<string, string>> = {}

export class Reply implements AnsweringReply, Ticking {
  readonly #options: ReplyOptions
  readonly #response = Promise.withResolvers<Response>()
  #headers: Readonly<Record<string, string>>
  readonly #openAt = Date.now() + OPEN_AFTER_MS
  #stream: EventStream | undefined
  #done = false

  constructor(options: ReplyOptions) {
    this.#options = options
    this.#headers = options.headers ?? NO_HEADERS
    if (options.takes !== 'json') options.ticker.add(this)
  }

  get response(): Promise<Response> {
    return this.#response.promise
  }

  /** The last message of the reply. `status` counts only while nothing was sent. */
  answer(payload: Uint8Array, outcome: CallLog['outcome'], status = 200): void {
    if (outcome !== 'ok') this.#headers = NO_HEADERS
    this.#end(payload, status)
  }

  #end(payload: Uint8Array, status: number): void {
    if (!this.#finish()) return
    const isEvent = this.#options.takes === 'events' && status === 200
    const stream = isEvent ? this.#open() : this.#stream
    if (stream !== undefined) {
      stream.push(payload)
      stream.end()
      return
    }
    const headers = { 'content-type': 'application/json', ...this.#headers }
    this.#response.resolve(new Response(this.#bodyOf(payload), { status, headers }))
  }

  fail(error: GatewayError): void {
    const { retryAfterMs } = error
    this.#headers =
      retryAfterMs === undefined
        ? NO_HEADERS
        : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
    const message = { jsonrpc: '2.0', id: this.#options.id, error: toErrorObject(error) }
    this.#end(encode(message), ERRORS[error.code].status)
  }

  /** A message before the answer: progress, a log line, a request of the server's. */
  event(payload: Uint8Array): void {
    if (this.#done || this.#options.takes === 'json') return
    this.#open().push(payload)
  }

  /** Nobody waits any more: what has not begun ends without an answer. */
  abandon(): void {
    if (!this.#finish()) return
    if (this.#stream !== undefined) return this.#stream.end()
    const takesJSON = this.#options.takes === 'json'
    const nothing = takesJSON
      ? new Response(null, { status: 202 })
      : new Response(COMMENT, { headers: SSE_HEADERS })
    this.#response.resolve(nothing)
  }

  tick(now: number): void {
    if (now >= this.#openAt) this.#open()
  }

  #open(): EventStream {
    if (this.#stream !== undefined) return this.#stream
    this.#options.ticker.delete(this)
    const stream = this.#options.openStream()
    this.#stream = stream
    this.#response.resolve(stream.attach({ headers: this.#headers }))
    return stream
  }

  #bodyOf(payload: Uint8Array): Uint8Array | ReadableStream {
    const { length } = payload
    if (length <= SMALL_BYTES) return payload
    const { unread, principal } = this.#options
    const writer = new ClientWriter({ unread, principal, length })
    void writer.write(payload)
    writer.close()
    return writer.readable
  }

  #finish(): boolean {
    if (this.#done) return false
    this.#done = true
    this.#options.ticker.delete(this)
    return true
  }
}
