/**
 * A server-sent event stream that outlives its HTTP response: with a log, a client that lost the
 * response goes on from the last event it saw (2025-11-25, transports, Resumability).
 */
import type { Outlet } from '#protocol/host-call.ts'
import { EventWriter } from './event-writer.ts'
import type { StreamStore } from './stream-store.ts'
import type { Ticker, Ticking } from '../processes/ticker.ts'
import type { Unread } from './unread.ts'

/** A reader this far behind is cut off: what waits for it is held in memory. */
export const MAX_BACKLOG_BYTES = 8 * 1024 * 1024

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

export interface Attachment {
  /** The last event that the client has seen; without it, it gets those that were written to nobody yet. */
  after?: number | undefined
  headers?: Record<string, string>
  outlet?: Outlet | undefined
  /** It carries the stream no longer, for whatever reason. */
  onReleased?: () => void
}

/** While a call runs, what it holds is held for nobody when its client is gone: see `callKeepAlive`. */
const CALL_KEEP_ALIVE_MS = 1_000

export class EventStream implements Ticking {
  readonly #options: EventStreamOptions
  #outlet: Outlet | undefined
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
    return this.#outlet !== undefined
  }

  /**
   * Makes the response that carries the stream from now on; a former one is ended. With an outlet the stream
   * goes there, and the response is empty.
   */
  attach({ after, headers, outlet, onReleased }: Attachment = {}): Response {
    if (outlet !== undefined) {
      this.#carry(outlet, after, onReleased)
      return new Response(null, { status: 202 })
    }
    const { log, primes, unread, principal } = this.#options
    const onLost = (): void => this.#lose(writer)
    const maxBacklogBytes = MAX_BACKLOG_BYTES
    const writer = new EventWriter({ unread, principal, onLost, maxBacklogBytes }, log?.stream)
    if (log !== undefined && primes === true && after === undefined && this.#seq === 0) {
      writer.prime()
    } else writer.keepAlive()
    this.#carry(writer, after, onReleased)
    return new Response(writer.readable, { headers: { ...SSE_HEADERS, ...headers } })
  }

  #carry(outlet: Outlet, after: number | undefined, onReleased: (() => void) | undefined): void {
    this.detach()
    this.#outlet = outlet
    this.#onReleased = onReleased
    this.#lastWrite = Date.now()
    this.#options.ticker.add(this)
    const delivered = this.#delivered
    this.#replay(after ?? delivered)
    if (this.#ended) this.detach()
    else if (after === undefined) this.#options.onAfresh?.(delivered)
  }

  /** One JSON-RPC message. Without a response it waits in the log. Returns the number of its event. */
  push(payload: Uint8Array): number {
    if (this.#ended) return this.#seq
    const { log } = this.#options
    const seq = ++this.#seq
    log?.store.appendEvent(log.session, log.stream, seq, payload)
    this.#write(payload, seq)
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
    const outlet = this.#outlet
    if (outlet === undefined) return
    this.#release()
    outlet.close()
  }

  tick(now: number): void {
    if (now - this.#lastWrite < this.#options.keepAliveMs) return
    this.#lastWrite = now
    this.#outlet?.keepAlive?.()
  }

  #replay(after: number): void {
    const { log } = this.#options
    if (log === undefined) return
    for (const { seq, data } of log.store.eventsAfter(log.session, log.stream, after)) {
      this.#write(data, seq)
    }
  }

  #write(payload: Uint8Array, seq: number): void {
    if (this.#outlet === undefined) return
    this.#lastWrite = Date.now()
    this.#delivered = Math.max(this.#delivered, seq)
    this.#outlet.tell(payload, seq)
  }

  #lose(writer: EventWriter): void {
    if (this.#outlet !== writer) return
    this.#release()
    if (!this.#ended) this.#options.onGone?.()
  }

  #release(): void {
    this.#options.ticker.delete(this)
    this.#outlet = undefined
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
