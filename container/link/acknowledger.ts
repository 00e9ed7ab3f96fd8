/** An acknowledgement goes out at the latest after so many frames, bytes, or milliseconds. */
const MAX_FRAMES = 64
const MAX_BYTES = 4 * 1024 * 1024
const MAX_DELAY_MS = 200

/** Follows the numbers that come in, and sees that the other side learns of them. */
export class Acknowledger {
  readonly #sendAck: () => void
  #received = 0
  #frames = 0
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(sendAck: () => void) {
    this.#sendAck = sendAck
  }

  receive(seq: number, bytes: number): 'next' | 'duplicate' | 'gap' {
    if (seq <= this.#received) return 'duplicate'
    if (seq !== this.#received + 1) return 'gap'
    this.#received = seq
    this.#frames += 1
    this.#bytes += bytes
    if (this.#frames >= MAX_FRAMES || this.#bytes >= MAX_BYTES) this.#sendAck()
    else this.#timer ??= setTimeout(this.#onLate, MAX_DELAY_MS)
    return 'next'
  }

  /** The number to acknowledge, for a frame that is about to be sent. */
  take(): number {
    this.#frames = 0
    this.#bytes = 0
    return this.#received
  }

  restart(): void {
    this.#received = 0
    this.take()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  readonly #onLate = (): void => {
    this.#timer = undefined
    if (this.#frames > 0) this.#sendAck()
  }
}
