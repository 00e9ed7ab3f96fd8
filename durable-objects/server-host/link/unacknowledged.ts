/** Counts bytes that are kept, here and wherever else it is told. */
export interface Tally {
  add: (bytes: number) => void
}

/** Frames that the host program may not have, kept for a resume: oldest first. */
export class Unacknowledged {
  #frames: { seq: number; bytes: Uint8Array }[] = []
  #byteLength = 0
  readonly #tally: Tally

  constructor(tally: Tally) {
    this.#tally = tally
  }

  get oldestSeq(): number | undefined {
    return this.#frames[0]?.seq
  }

  /** `seq`: of a frame that was added. */
  has(seq: number): boolean {
    return this.oldestSeq !== undefined && this.oldestSeq <= seq
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
    this.#tally.add(more)
  }

  *frames(): Iterable<Uint8Array> {
    for (const { bytes } of this.#frames) yield bytes
  }
}
