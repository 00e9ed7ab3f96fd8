import type { Lane } from './lane.ts'
import { encodeFrame, FLAG, stampAck } from '#protocol/link.ts'
import type { FrameFields } from '#protocol/link.ts'

const SEQ_AT = 4
const FLAGS_AT = 2

interface Kept {
  seq: number
  channel: number
  /** Pieces of the same message follow. */
  hasMore: boolean
  bytes: Uint8Array
  /** What it takes of the window of its lane until it is acknowledged. */
  load: number
  lane: Lane | undefined
}

/**
 * Sequenced frames that the object may not have. The pieces of a message are kept until its last
 * piece is acknowledged, since a new object has none of what the former one received.
 */
export class Outbox {
  #frames: Kept[] = []
  #first = 0
  #seq = 0
  #bytes = 0
  readonly #begun = new Map<number, Kept[]>()

  /** Of frames that are not acknowledged. */
  get bytes(): number {
    return this.#bytes
  }

  /** Gives the frame its number and keeps it. Returns it encoded. */
  add(fields: FrameFields, ack: number, load: number, lane?: Lane): Uint8Array {
    this.#seq += 1
    const bytes = encodeFrame({ ...fields, seq: this.#seq, ack })
    const hasMore = ((fields.flags ?? 0) & FLAG.more) !== 0
    this.#frames.push({ seq: this.#seq, channel: fields.channel, hasMore, bytes, load, lane })
    this.#bytes += bytes.length
    if (lane !== undefined) lane.load += load
    return bytes
  }

  /** `onEased`: a window got wider. */
  acknowledge(ack: number, onEased: (lane: Lane) => void): void {
    for (let kept = this.#frames[this.#first]; kept; kept = this.#frames[this.#first]) {
      if (kept.seq > ack) break
      this.#first += 1
      this.#bytes -= kept.bytes.length
      this.#settle(kept)
      const { lane, load } = kept
      if (lane === undefined) continue
      lane.load -= load
      onEased(lane)
    }
    if (this.#first === this.#frames.length) this.#frames.length = this.#first = 0
    else if (this.#first > 256) this.#compact()
  }

  #compact(): void {
    this.#frames.splice(0, this.#first)
    this.#first = 0
  }

  #settle(kept: Kept): void {
    if (!kept.hasMore) return void this.#begun.delete(kept.channel)
    const pieces = this.#begun.get(kept.channel)
    if (pieces === undefined) this.#begun.set(kept.channel, [kept])
    else pieces.push(kept)
  }

  /** Of the frames that are not acknowledged. */
  *channels(): Iterable<number> {
    for (let at = this.#first; at < this.#frames.length; at += 1) {
      const kept = this.#frames[at]
      if (kept !== undefined) yield kept.channel
    }
  }

  /** What the same object has not acknowledged, oldest first. */
  unacknowledged(ack: number): Uint8Array[] {
    return this.#frames.slice(this.#first).map(({ bytes }) => {
      stampAck(bytes, ack)
      return bytes
    })
  }

  /** What a new object needs, numbered anew from 1 and marked as replayed. */
  replay(): Uint8Array[] {
    const begun = [...this.#begun.values()].flat()
    for (const { lane, load } of begun) if (lane !== undefined) lane.load += load
    this.#frames = [...begun, ...this.#frames.slice(this.#first)]
    this.#first = 0
    this.#seq = 0
    this.#bytes = 0
    this.#begun.clear()
    for (const kept of this.#frames) {
      this.#seq += 1
      kept.seq = this.#seq
      this.#bytes += kept.bytes.length
      const view = new DataView(kept.bytes.buffer, kept.bytes.byteOffset)
      view.setUint32(SEQ_AT, kept.seq)
      view.setUint16(FLAGS_AT, view.getUint16(FLAGS_AT) | FLAG.replayed)
      stampAck(kept.bytes, 0)
    }
    return this.#frames.map(({ bytes }) => bytes)
  }
}
