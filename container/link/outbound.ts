import { Lane, loadOf } from './lane.ts'
import { Outbox } from './outbox.ts'
import { FRAME } from '#protocol/link.ts'
import type { FrameFields } from '#protocol/link.ts'

export interface OutboundOptions {
  /** Sends to the object, or does nothing while there is no connection. */
  transmit(bytes: Uint8Array): void
  /** Whether the connection takes what has waited at once. */
  hasRoom(): boolean
  /** The highest number received in order. */
  received(): number
  /** So much of this channel waits that no more of it is wanted, or little enough again. */
  onHeld(channel: number, isHeld: boolean): void
}

/**
 * Numbers, cuts and keeps what goes to the object. The order within a channel is kept. A channel
 * whose window is full waits for acknowledgements, and those that may send take turns, so that none
 * waits for more of another one's than a window.
 */
export class Outbound {
  readonly #options: OutboundOptions
  readonly #outbox = new Outbox()
  /** Of the channels of which anything waits, or a message is not acknowledged. */
  readonly #lanes = new Map<number, Lane>()
  /** Those of them whose turn comes, the next one first. */
  readonly #ready = new Set<Lane>()
  #waitingBytes = 0

  constructor(options: OutboundOptions) {
    this.#options = options
  }

  /** Bytes that are not acknowledged, sent or not. */
  get bytes(): number {
    return this.#outbox.bytes + this.#waitingBytes
  }

  /** Takes ownership of the payload. */
  send(fields: FrameFields): void {
    const { type, channel, payload } = fields
    let lane = this.#lanes.get(channel)
    if (lane === undefined) {
      if (type !== FRAME.message) return this.#transmit(fields)
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
      this.#settle(lane)
      this.#weigh(lane)
    }
  }

  /** Channels of which anything is not acknowledged. */
  pendingChannels(): Set<number> {
    return new Set([...this.#outbox.channels(), ...this.#lanes.keys()])
  }

  /** What may be sent because of it is sent by `pump`. */
  acknowledge(ack: number): void {
    this.#outbox.acknowledge(ack, this.#settle)
  }

  /** Sends again what the same object has not got. */
  resume(): void {
    const frames = this.#outbox.unacknowledged(this.#options.received())
    for (const bytes of frames) this.#options.transmit(bytes)
    this.pump()
  }

  /** Sends a new object what the former one may not have got. */
  replay(): void {
    for (const bytes of this.#outbox.replay()) this.#options.transmit(bytes)
    this.pump()
  }

  #transmit(fields: FrameFields, lane?: Lane): void {
    const load = loadOf(fields)
    this.#options.transmit(this.#outbox.add(fields, this.#options.received(), load, lane))
  }

  readonly #settle = (lane: Lane): void => {
    if (lane.isReady) this.#ready.add(lane)
    else if (lane.isIdle) this.#lanes.delete(lane.channel)
  }

  #weigh(lane: Lane): void {
    const isHeld = lane.weigh()
    if (isHeld !== undefined) this.#options.onHeld(lane.channel, isHeld)
  }
}
