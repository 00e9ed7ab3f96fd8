import { Lane, loadOf } from './flow-control.ts'
import { LinkEnd, type LinkEndOptions } from '#protocol/link/end.ts'
import { channelOf, FRAME, hasMore, type FrameFields } from '#protocol/link/frame.ts'
import type { Kept } from '#protocol/link/outbox.ts'

/** So many are enough for an object that sends requests without a pause: each answer acknowledges them, too. */
const ACK_AFTER_FRAMES = 64
const ACK_AFTER_BYTES = 4 * 1024 * 1024
const ACK_AFTER_MS = 200

const ACK_AFTER = { frames: ACK_AFTER_FRAMES, bytes: ACK_AFTER_BYTES, ms: ACK_AFTER_MS }

export interface OutboundOptions extends Pick<
  LinkEndOptions<Lane>,
  'write' | 'handOn' | 'maxMessageBytes'
> {
  /** Whether the connection takes what has waited at once. */
  hasRoom: () => boolean
  /** So much of this channel waits that no more of it is wanted, or little enough again. */
  onHeld: (channel: number, isHeld: boolean) => void
}

/**
 * Cuts what goes to the object, and lets it wait. The order within a channel is kept. A channel whose
 * window is full waits for acknowledgements, and those that may send take turns, so that none waits for
 * more of another one's than a window.
 */
export class Outbound {
  readonly end: LinkEnd<Lane>
  readonly #options: OutboundOptions
  /** Of each channel that has sent a message, until its last frame is sent and its messages are acknowledged. */
  readonly #lanes = new Map<number, Lane>()
  /** Those whose turn comes, the next one first. */
  readonly #ready = new Set<Lane>()
  /**
   * By channel what is acknowledged of a message that is not, as a whole: a new object has none of what
   * the former one received.
   */
  readonly #begun = new Map<number, Kept<Lane>[]>()
  #waitingBytes = 0

  constructor(options: OutboundOptions) {
    this.#options = options
    const { write, handOn, maxMessageBytes } = options
    this.end = new LinkEnd({
      write,
      handOn,
      maxMessageBytes,
      ackAfter: ACK_AFTER,
      onAcknowledged: this.#onAcknowledged,
    })
  }

  /** Bytes that are not acknowledged, sent or not. */
  get bytes(): number {
    return this.end.bytes + this.#waitingBytes
  }

  /** Takes ownership of the payload. */
  send(fields: FrameFields): void {
    const { type, channel, payload } = fields
    let lane = this.#lanes.get(channel)
    if (lane === undefined) {
      if (type !== FRAME.message) return void this.end.send(fields)
      lane = new Lane(channel)
      this.#lanes.set(channel, lane)
    }
    if (lane.passes(fields)) return this.#transmit(fields, lane)
    lane.push(fields)
    this.#waitingBytes += payload?.length ?? 0
    if (lane.isReady) this.#ready.add(lane)
    this.#weigh(lane)
    this.pump()
  }

  /** Sends what waits and may be sent, while the connection has room. */
  pump(): void {
    // A lane that is put back comes last.
    for (const lane of this.#ready) {
      if (!this.#options.hasRoom()) return
      this.#ready.delete(lane)
      const fields = lane.take()
      if (fields === undefined) continue
      this.#waitingBytes -= fields.payload?.length ?? 0
      this.#transmit(fields, lane)
      if (lane.isReady) this.#ready.add(lane)
      this.#weigh(lane)
    }
  }

  /** Channels of which anything is not acknowledged. */
  pendingChannels(): Set<number> {
    const pending = new Set(this.end.kept().map(({ bytes }) => channelOf(bytes)))
    for (const lane of this.#lanes.values()) if (!lane.isIdle) pending.add(lane.channel)
    return pending
  }

  /** Sends again what the same object has not got; it has got all up to `ack`. */
  resume(ack: number): void {
    this.end.resume(ack)
    this.pump()
  }

  /** Sends a new object what the former one may not have got. */
  replay(): void {
    const begun = [...this.#begun.values()].flat()
    this.#begun.clear()
    for (const { bytes, tag } of begun) if (tag !== undefined) tag.load += loadOf(bytes.length)
    this.end.replay(begun)
    this.pump()
  }

  #transmit(fields: FrameFields, lane: Lane): void {
    const { type } = fields
    if (type !== FRAME.message) {
      this.end.send(fields)
      if (type === FRAME.exit || type === FRAME.refused) lane.isOver = true
      return this.#forget(lane)
    }
    const { bytes } = this.end.send(fields, lane)
    lane.load += loadOf(bytes.length)
  }

  readonly #onAcknowledged = (kept: Kept<Lane>): void => {
    const { bytes, tag: lane } = kept
    if (lane === undefined) return
    if (hasMore(bytes)) this.#keep(kept, lane.channel)
    else if (this.#begun.size > 0) this.#begun.delete(lane.channel)
    lane.load -= loadOf(bytes.length)
    if (lane.isReady) this.#ready.add(lane)
    else this.#forget(lane)
  }

  #keep(piece: Kept<Lane>, channel: number): void {
    const pieces = this.#begun.get(channel)
    if (pieces === undefined) this.#begun.set(channel, [piece])
    else pieces.push(piece)
  }

  #forget(lane: Lane): void {
    if (lane.isOver && lane.isIdle) this.#lanes.delete(lane.channel)
  }

  #weigh(lane: Lane): void {
    const isHeld = lane.weigh()
    if (isHeld !== undefined) this.#options.onHeld(lane.channel, isHeld)
  }
}
