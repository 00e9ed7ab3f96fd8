/** Frames that the other side may not have: each gets its number, and is kept until it is acknowledged. */
import { encodeFrame, stampAck, stampReplayed, type FrameFields } from './frame.ts'

/** `Tag`: what its sender wants to know when it is acknowledged. */
export interface Kept<Tag> {
  seq: number
  bytes: Uint8Array
  tag: Tag | undefined
}

/** Acknowledged frames beyond this are taken out of the list. */
const MAX_DONE = 256

export class Outbox<Tag> {
  #frames: Kept<Tag>[] = []
  /** Where those begin that are not acknowledged. */
  #first = 0
  #seq = 0
  #bytes = 0

  /** Of frames that are not acknowledged. */
  get bytes(): number {
    return this.#bytes
  }

  /** The highest number that was given. */
  get lastSeq(): number {
    return this.#seq
  }

  /** The lowest number that is not acknowledged. */
  get oldestSeq(): number | undefined {
    return this.#frames[this.#first]?.seq
  }

  add(fields: FrameFields, ack: number, tag: Tag | undefined): Kept<Tag> {
    const seq = ++this.#seq
    const kept = { seq, bytes: encodeFrame(fields, seq, ack), tag }
    this.#frames.push(kept)
    this.#bytes += kept.bytes.length
    return kept
  }

  acknowledge(ack: number, onDone: (kept: Kept<Tag>) => void): void {
    for (let kept = this.#frames[this.#first]; kept; kept = this.#frames[this.#first]) {
      if (kept.seq > ack) break
      this.#first += 1
      this.#bytes -= kept.bytes.length
      onDone(kept)
    }
    if (this.#first === this.#frames.length) this.#frames.length = this.#first = 0
    else if (this.#first > MAX_DONE) this.#compact()
  }

  #compact(): void {
    this.#frames.splice(0, this.#first)
    this.#first = 0
  }

  /** Those that are not acknowledged, oldest first. */
  list(): Kept<Tag>[] {
    return this.#frames.slice(this.#first)
  }

  /** The same, with a new acknowledgement in them. */
  again(ack: number): Kept<Tag>[] {
    const frames = this.list()
    for (const { bytes } of frames) stampAck(bytes, ack)
    return frames
  }

  /** Numbers them from 1 again, behind those `before` them, and marks all as replayed. */
  replay(before: Kept<Tag>[]): Kept<Tag>[] {
    const frames = [...before, ...this.list()]
    this.clear()
    for (const kept of frames) {
      kept.seq = ++this.#seq
      stampReplayed(kept.bytes, kept.seq)
      this.#bytes += kept.bytes.length
    }
    this.#frames = frames
    return this.list()
  }

  /** Forgets all of them, and begins with number 1 again. */
  clear(): void {
    this.#frames = []
    this.#first = this.#seq = this.#bytes = 0
  }
}
