import { Outbox } from './outbox.ts'
import { FLAG, MAX_CHUNK_BYTES } from '#protocol/link.ts'
import type { FrameFields } from '#protocol/link.ts'

interface Waiting {
  fields: FrameFields
  /** Bytes of the payload that are sent already. */
  sent: number
}

export interface OutboundOptions {
  /** Sends to the object, or does nothing while there is no connection. */
  transmit(bytes: Uint8Array): void
  /** Whether the connection takes another piece of a large message at once. */
  hasRoom(): boolean
  /** The highest number received in order. */
  received(): number
}

/**
 * Numbers, cuts and keeps what goes to the object. The order within a channel is kept; pieces of
 * large messages take turns, so that no channel waits for another one's.
 */
export class Outbound {
  readonly #options: OutboundOptions
  readonly #outbox = new Outbox()
  readonly #queues = new Map<number, Waiting[]>()
  #queuedBytes = 0

  constructor(options: OutboundOptions) {
    this.#options = options
  }

  /** Bytes that are not acknowledged, sent or not. */
  get bytes(): number {
    return this.#outbox.bytes + this.#queuedBytes
  }

  /** Takes ownership of the payload. */
  send(fields: FrameFields): void {
    const size = fields.payload?.length ?? 0
    const queue = this.#queues.get(fields.channel)
    if (size <= MAX_CHUNK_BYTES && queue === undefined) return this.#transmit(fields)
    this.#queuedBytes += size
    if (queue === undefined) this.#queues.set(fields.channel, [{ fields, sent: 0 }])
    else queue.push({ fields, sent: 0 })
    this.pump()
  }

  /** Sends pieces of waiting messages while the connection has room. */
  pump(): void {
    while (this.#queues.size > 0 && this.#options.hasRoom()) {
      const turn = this.#queues.entries().next().value
      if (turn === undefined) return
      const [channel, queue] = turn
      this.#queues.delete(channel)
      const first = queue[0]
      if (first !== undefined && this.#sendPiece(first)) queue.shift()
      if (queue.length > 0) this.#queues.set(channel, queue)
    }
  }

  pendingChannels(): Set<number> {
    return new Set([...this.#outbox.channels(), ...this.#queues.keys()])
  }

  acknowledge(ack: number): void {
    this.#outbox.acknowledge(ack)
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

  /** True when that was the last piece. */
  #sendPiece(waiting: Waiting): boolean {
    const { fields, sent } = waiting
    const payload = fields.payload ?? new Uint8Array(0)
    const piece = payload.subarray(sent, sent + MAX_CHUNK_BYTES)
    waiting.sent += piece.length
    this.#queuedBytes -= piece.length
    const isLast = waiting.sent >= payload.length
    this.#transmit({
      type: fields.type,
      channel: fields.channel,
      flags: isLast ? 0 : FLAG.more,
      ...(sent === 0 ? { meta: fields.meta } : {}),
      payload: piece,
    })
    return isLast
  }

  #transmit(fields: FrameFields): void {
    this.#options.transmit(this.#outbox.add(fields, this.#options.received()))
  }
}
