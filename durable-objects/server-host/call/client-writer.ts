/** The way to one client's connection: what that has not taken yet is counted (unread.ts). */
import type { Unread, UnreadPart } from './unread.ts'

/** In pieces, so that it shows how much of a large answer was taken. */
const PIECE_BYTES = 256 * 1024

export interface ClientWriterOptions {
  unread: Unread
  principal: string
  /** A reader that is further behind is cut off: what waits for it is held in memory. */
  maxBacklogBytes?: number
  /** The client is gone, or was too slow. Called once, and not after `close` or `abort`. */
  onLost?: () => void
  /** Of the whole, where that is known. */
  length?: number
}

export class ClientWriter {
  readonly readable: ReadableStream<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #part: UnreadPart
  readonly #maxBacklogBytes: number
  readonly #onLost: (() => void) | undefined
  #isOver = false

  constructor(options: ClientWriterOptions) {
    const { unread, principal, onLost, length, maxBacklogBytes = Infinity } = options
    const { readable, writable } =
      length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length)
    this.readable = readable
    this.#writer = writable.getWriter()
    this.#part = unread.open(principal, () => this.#lose())
    this.#maxBacklogBytes = maxBacklogBytes
    this.#onLost = onLost
    this.#writer.closed.catch(() => this.#lose())
  }

  /** Bytes that wait. */
  get backlog(): number {
    return this.#part.bytes
  }

  /** One message, in parts. Resolves when the connection took it, or is gone. */
  async write(...parts: Uint8Array[]): Promise<void> {
    if (this.#isOver) return
    if (this.backlog > this.#maxBacklogBytes) return this.#lose()
    const pieces: Promise<void>[] = []
    for (const bytes of parts) {
      this.#part.add(bytes.length)
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        const piece = bytes.subarray(at, at + PIECE_BYTES)
        pieces.push(this.#writer.write(piece).then(() => this.#part.take(piece.length)))
      }
    }
    await Promise.all(pieces).catch(() => this.#lose())
  }

  /** Ends the response once all of it was taken. */
  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#writer.close().then(
      () => this.#part.end(),
      () => this.#part.end(),
    )
  }

  /** At once: what waits is dropped. */
  abort(): void {
    this.#isOver = true
    this.#drop()
  }

  #lose(): void {
    this.#drop()
    if (this.#isOver) return
    this.#isOver = true
    this.#onLost?.()
  }

  #drop(): void {
    this.#part.end()
    this.#writer.abort('the client is gone or too slow').catch(() => undefined)
  }
}
