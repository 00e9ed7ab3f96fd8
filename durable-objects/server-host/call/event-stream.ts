/**
 * A server-sent event stream that outlives its HTTP response: with a log, a client that lost the
 * response goes on from the last event it saw (2025-11-25, transports, Resumability).
 */
import { ClientWriter } from './client-writer.ts'
import type { StreamStore } from './stream-store.ts'
import type { Ticker, Ticking } from '../processes/ticker.ts'
import type { Unread } from './unread.ts'

/** A reader this far behind is cut off: what waits for it is held in memory. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024

export interface EventLog {
  store: StreamStore
  session: string
  stream: number
}

export interface EventStreamOptions {
  ticker: Ticker
  unread: Unread
  principal: string
  keepAliveMs: number
  log?: EventLog
  /** Whether a fresh stream begins with an event that has an id and no data (2025-11-25). */
  primes?: boolean
  /** The client is gone: disconnected, or too slow. Not called after `end`. */
  onGone?: () => void
  /** A client came that does not say what it has seen. `delivered`: the last event of those before it. */
  onAfresh?: (delivered: number) => void
}

/** While a call runs, what it holds is held for nobody when its client is gone: see `callKeepAlive`. */
const CALL_KEEP_ALIVE_MS = 1_000

const encoder = new TextEncoder()
const DATA = encoder.encode('data: ')
const END = encoder.encode('\n\n')
export const COMMENT = encoder.encode(':\n\n')

export class EventStream implements Ticking {
  readonly #options: EventStreamOptions
  #writer: ClientWriter | undefined
  #seq: number
  /** The last event that was written to some response. */
  #delivered: number
  #lastWrite = 0
  #ended = false
  #onReleased: (() => void) | undefined

  constructor(options: EventStreamOptions) {
    this.#options = options
    const { log } = options
    this.#seq = log === undefined ? 0 : log.store.lastEvent(log.session, log.stream)
    this.#delivered = this.#seq
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Whether nothing comes after this event. */
  isOverAfter(event: number): boolean {
    return this.#ended && event >= this.#seq
  }

  get attached(): boolean {
    return this.#writer !== undefined
  }

  /**
   * Makes the response that carries the stream from now on; a former one is ended. `onReleased`: that
   * response carries it no longer, for whatever reason.
   */
  attach(after?: number, headers: Record<string, string> = {}, onReleased?: () => void): Response {
    this.detach()
    this.#onReleased = onReleased
    const { log, primes, ticker, unread, principal } = this.#options
    const writer = new ClientWriter({ unread, principal, onLost: () => this.#lose(writer) })
    this.#writer = writer
    ticker.add(this)
    if (log !== undefined && primes === true && after === undefined && this.#seq === 0) {
      this.#write(encoder.encode(`id: ${log.stream}-0\ndata: \n\n`))
    } else {
      this.#write(COMMENT)
    }
    const delivered = this.#delivered
    this.#replay(after ?? delivered)
    if (this.#ended) this.detach()
    else if (after === undefined) this.#options.onAfresh?.(delivered)
    return new Response(writer.readable, { headers: { ...SSE_HEADERS, ...headers } })
  }

  /** One JSON-RPC message. Without a response it waits in the log. Returns the number of its event. */
  push(payload: Uint8Array): number {
    if (this.#ended) return this.#seq
    const { log } = this.#options
    const seq = ++this.#seq
    log?.store.appendEvent(log.session, log.stream, seq, payload)
    if (this.#writer !== undefined) this.#writeEvent(seq, payload)
    return seq
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    const { log } = this.#options
    log?.store.end(log.session, log.stream)
    this.detach()
  }

  /** Ends the response; the stream goes on, without one. */
  detach(): void {
    const writer = this.#writer
    if (writer === undefined) return
    this.#release()
    writer.close()
  }

  tick(now: number): void {
    if (now - this.#lastWrite >= this.#options.keepAliveMs) this.#write(COMMENT)
  }

  #replay(after: number): void {
    const { log } = this.#options
    if (log === undefined) return
    for (const { seq, data } of log.store.eventsAfter(log.session, log.stream, after)) {
      this.#writeEvent(seq, data)
    }
  }

  #writeEvent(seq: number, payload: Uint8Array): void {
    const { log } = this.#options
    const id = log === undefined ? undefined : encoder.encode(`id: ${log.stream}-${seq}\n`)
    const head = id?.length ?? 0
    const bytes = new Uint8Array(head + DATA.length + payload.length + END.length)
    if (id !== undefined) bytes.set(id)
    bytes.set(DATA, head)
    bytes.set(payload, head + DATA.length)
    bytes.set(END, head + DATA.length + payload.length)
    this.#write(bytes)
    this.#delivered = Math.max(this.#delivered, seq)
  }

  #write(bytes: Uint8Array): void {
    const writer = this.#writer
    if (writer === undefined) return
    this.#lastWrite = Date.now()
    if (writer.backlog > MAX_BACKLOG_BYTES) this.#lose(writer)
    else void writer.write(bytes)
  }

  #lose(writer: ClientWriter): void {
    if (this.#writer !== writer) return
    this.#release()
    writer.abort()
    if (!this.#ended) this.#options.onGone?.()
  }

  #release(): void {
    this.#options.ticker.delete(this)
    this.#writer = undefined
    this.#onReleased?.()
    this.#onReleased = undefined
  }
}

/** How often a quiet stream is written to while a call runs. A client that left shows at the second write. */
export function callKeepAlive(keepAliveMs: number): number {
  return Math.min(keepAliveMs, CALL_KEEP_ALIVE_MS)
}

export const SSE_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}
