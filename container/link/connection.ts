import { once, type EventEmitter } from 'node:events'
import type { Writable } from 'node:stream'
import { WebSocket } from 'ws'

/** A connection that does not answer a ping until the next one is given up. */
const PING_MS = 30_000

/** The longest wait for the other side's part of a closing. */
const CLOSE_DEADLINE_MS = 1_000

/** What the link needs of a WebSocket of `ws`. */
export interface LinkSocket
  extends EventEmitter, Pick<WebSocket, 'readyState' | 'bufferedAmount' | 'close' | 'terminate'> {
  send: (bytes: Uint8Array) => void
  ping: () => void
}

/** One WebSocket of the link; frames of one turn of the event loop leave in one write. */
export class Connection {
  readonly #socket: LinkSocket
  readonly #tcp: Writable
  readonly #onSent: () => void
  readonly #ping: NodeJS.Timeout
  #isAlive = true
  #isCorked = false

  /** `onSent` is called when the socket has room again. */
  constructor(socket: LinkSocket, tcp: Writable, onSent: () => void) {
    this.#socket = socket
    this.#tcp = tcp
    this.#onSent = onSent
    this.#ping = setInterval(() => this.#checkAlive(), PING_MS)
    this.#ping.unref()
    socket.on('pong', () => (this.#isAlive = true))
    tcp.on('drain', this.#onSent)
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount
  }

  send(bytes: Uint8Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    this.#cork()
    this.#socket.send(bytes)
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }

  /** Resolves when the other side has answered the closing, or the deadline has passed. */
  async closed(code: number, reason: string): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return
    const deadline = AbortSignal.timeout(CLOSE_DEADLINE_MS)
    this.close(code, reason)
    await once(this.#socket, 'close', { signal: deadline }).catch(() => this.#socket.terminate())
  }

  stop(): void {
    clearInterval(this.#ping)
    this.#tcp.off('drain', this.#onSent)
  }

  #cork(): void {
    if (this.#isCorked) return
    this.#isCorked = true
    this.#tcp.cork()
    setImmediate(() => {
      this.#isCorked = false
      this.#tcp.uncork()
    })
  }

  #checkAlive(): void {
    if (!this.#isAlive) return this.#socket.terminate()
    this.#isAlive = false
    this.#socket.ping()
  }
}
