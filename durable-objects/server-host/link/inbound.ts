/** What comes from the host program: each frame once, in its order, and acknowledged in time. */
import type { Frame } from '#protocol/link.ts'
import { Turns } from './turns.ts'

/** Half a channel's window of container/link/lane.ts, so that none waits for `ACK_AFTER_MS`. */
const ACK_AFTER_FRAMES = 8
const ACK_AFTER_BYTES = 512 * 1024
const ACK_AFTER_MS = 200

export interface InboundOptions {
  /** Called in the order of the numbers, but for channels that wait for their turn. */
  handOn: (frame: Frame) => void
  sendAck: (ack: number) => void
}

export class Inbound {
  readonly #options: InboundOptions
  readonly #turns: Turns
  #received = 0
  #acknowledged = 0
  /** Received since the last acknowledgement. */
  #pendingBytes = 0
  #timer: number | undefined

  constructor(options: InboundOptions) {
    this.#options = options
    this.#turns = new Turns(options.handOn, () => this.#sendAck())
  }

  /**
   * The highest number up to which all is handed on. What waits for its turn is not acknowledged: the
   * next object gets it again, should this one end.
   */
  get handedOn(): number {
    return (this.#turns.oldestSeq ?? this.#received + 1) - 1
  }

  /** The number to acknowledge, for a frame that is about to be sent. */
  takeAck(): number {
    this.#acknowledged = this.handedOn
    this.#pendingBytes = 0
    return this.#acknowledged
  }

  /** False when a frame before it is missing. One that came already is dropped. */
  receive(frame: Frame): boolean {
    if (frame.seq <= this.#received) return true
    if (frame.seq > this.#received + 1) return false
    this.#received = frame.seq
    this.#pendingBytes += frame.payload.length
    const frames = this.#received - this.#acknowledged
    if (frames >= ACK_AFTER_FRAMES || this.#pendingBytes >= ACK_AFTER_BYTES) this.#sendAck()
    else this.#timer ??= setTimeout(() => this.#sendAck(), ACK_AFTER_MS)
    this.#turns.take(frame)
    return true
  }

  /** Hands on what waits for its turn. */
  flush(): void {
    this.#turns.flush()
  }

  /** The other side begins with number 1 again. */
  restart(): void {
    this.flush()
    this.#received = this.#acknowledged = 0
  }

  #sendAck(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#acknowledged !== this.handedOn) this.#options.sendAck(this.takeAck())
  }
}
