/**
 * The event stream of one HTTP+SSE session. It carries everything that its client is told, so what
 * comes while a large message is on its way waits for it.
 */
import { ClientWriter } from '../../call/client-writer.ts'
import type { Unread } from '../../call/unread.ts'
import type { Ticker, Ticking } from '../../processes/ticker.ts'

/** A client this far behind is cut off. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024

export interface SSEStreamOptions {
  ticker: Ticker
  unread: Unread
  principal: string
  keepAliveMs: () => number
  /** The client is gone: disconnected, or too slow. Not called after `end`. */
  onGone: () => void
}

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
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
  readonly #writer: ClientWriter
  #lastWrite = Date.now()
  #isOver = false

  constructor(options: SSEStreamOptions) {
    this.#options = options
    const { unread, principal, ticker } = options
    this.#writer = new ClientWriter({
      ...{ unread, principal, maxBacklogBytes: MAX_BACKLOG_BYTES },
      onLost: () => {
        if (this.#stop()) options.onGone()
      },
    })
    this.response = new Response(this.#writer.readable, { headers: HEADERS })
    ticker.add(this)
  }

  /** Resolves when the connection took it, or the stream is over. */
  send(event: 'endpoint' | 'message', data: Uint8Array): Promise<void> {
    return this.#write(encoder.encode(`event: ${event}\ndata: `), onOneLine(data), END)
  }

  end(): void {
    if (this.#stop()) this.#writer.close()
  }

  /** At once: what is on its way is dropped. */
  cut(): void {
    if (this.#stop()) this.#writer.abort()
  }

  tick(now: number): void {
    if (this.#writer.backlog === 0 && now - this.#lastWrite >= this.#options.keepAliveMs()) {
      void this.#write(COMMENT)
    }
  }

  async #write(...parts: Uint8Array[]): Promise<void> {
    if (this.#isOver) return
    this.#lastWrite = Date.now()
    await this.#writer.write(...parts)
  }

  #stop(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#options.ticker.delete(this)
    return true
  }
}

/** In JSON a raw line break stands only between tokens, where a space means the same. */
export function onOneLine(data: Uint8Array): Uint8Array {
  if (!data.includes(LINE_FEED) && !data.includes(CARRIAGE_RETURN)) return data
  return data.map((byte) => (byte === LINE_FEED || byte === CARRIAGE_RETURN ? SPACE : byte))
}
