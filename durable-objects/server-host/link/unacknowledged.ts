import { MAX_PLACEMENTS } from '#protocol/server-config.ts'

/** Kept for a resume, of all links of the object together. A host program acknowledges within 200 ms. */
const MAX_UNACKED_BYTES = 64 * 1024 * 1024
/** A link with less is not what fills them: one of so many has more. */
const SHARE_BYTES = MAX_UNACKED_BYTES / MAX_PLACEMENTS

/** Bytes that are kept, here and wherever else it is told. */
export interface Tally {
  bytes: number
}

/** Frames that the host program may not have, kept for a resume: oldest first. */
export class Unacknowledged {
  #frames: { seq: number; bytes: Uint8Array }[] = []
  #byteLength = 0
  readonly #tally: Tally

  constructor(tally: Tally) {
    this.#tally = tally
  }

  /** Whether all that is kept is too much, and what is kept here is why. */
  get isFull(): boolean {
    return this.#tally.bytes > MAX_UNACKED_BYTES && this.#byteLength >= SHARE_BYTES
  }

  get oldestSeq(): number | undefined {
    return this.#frames[0]?.seq
  }

  add(seq: number, bytes: Uint8Array): void {
    this.#frames.push({ seq, bytes })
    this.#count(bytes.length)
  }

  acknowledge(ack: number): void {
    let count = 0
    for (const { seq, bytes } of this.#frames) {
      if (seq > ack) break
      this.#count(-bytes.length)
      count++
    }
    if (count > 0) this.#frames.splice(0, count)
  }

  clear(): void {
    this.#count(-this.#byteLength)
    this.#frames = []
  }

  #count(more: number): void {
    this.#byteLength += more
    this.#tally.bytes += more
  }

  *frames(): Iterable<Uint8Array> {
    for (const { bytes } of this.#frames) yield bytes
  }
}
