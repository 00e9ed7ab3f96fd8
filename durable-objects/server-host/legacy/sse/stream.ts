/**
 * The event stream of one HTTP+SSE session. It carries everything that its client is told, so what
 * comes while a large message is on its way waits for it.
 */
import type { Ticker, Ticking } from '../../ticker.ts'

/** A client this far behind is cut off: what waits for it is held in memory. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024

export interface SSEStreamOptions {
  ticker: Ticker
  keepAliveMs: () => number
  /** The client is gone: disconnected, or too slow. Not called after `end`. */
  onGone: () => void
}

const encoder = new TextEncoder()
const END = encoder.encode('\n\n')
const COMMENT = encoder.encode(':\n\n')
const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

export class SSEStream implements Ticking {
  readonly response: Response
  readonly #options: SSEStreamOptions
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  /** Settles when everything so far was taken; never rejects. */
  #written: Promise<void> = Promise.resolve()
  #backlog = 0
  #lastWrite = Date.now()
  #isOver = false

  constructor(options: SSEStreamOptions) {
    this.#options = options
    const { readable, writable } = new IdentityTransformStream()
    this.#writer = writable.getWriter()
    this.#writer.closed.catch(() => this.#lose())
    this.response = new Response(readable, { headers: HEADERS })
    options.ticker.add(this)
  }

  /** `data`: one line. Resolves when the connection took it, or the stream is over. */
  send(event: 'endpoint' | 'message', data: Uint8Array): Promise<void> {
    return this.#write([encoder.encode(`event: ${event}\ndata: `), data, END])
  }

  end(): void {
    if (this.#stop()) this.#writer.close().catch(() => undefined)
  }

  /** At once: what is on its way is dropped. */
  cut(): void {
    if (this.#stop()) this.#writer.abort('the client is gone or too slow').catch(() => undefined)
  }

  tick(now: number): void {
    if (this.#backlog === 0 && now - this.#lastWrite >= this.#options.keepAliveMs()) {
      void this.#write([COMMENT])
    }
  }

  #write(parts: Uint8Array[]): Promise<void> {
    if (this.#backlog > MAX_BACKLOG_BYTES) this.#lose()
    if (this.#isOver) return Promise.resolve()
    const bytes = parts.reduce((sum, { length }) => sum + length, 0)
    this.#backlog += bytes
    this.#written = this.#written
      .then(async () => {
        if (this.#isOver) return
        this.#lastWrite = Date.now()
        await Promise.all(parts.map((part) => this.#writer.write(part)))
        this.#backlog -= bytes
      })
      .catch(() => this.#lose())
    return this.#written
  }

  #lose(): void {
    if (this.#isOver) return
    this.cut()
    this.#options.onGone()
  }

  #stop(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#options.ticker.delete(this)
    return true
  }
}
