/** Bytes that are kept, here and wherever else it is told. */
export interface Tally {
  bytes: number
}

/** Frames that the host program may not have, kept for a resume: oldest first. */
export class Unacknowledged {
  #frames: { seq: number; bytes: Uint8Array }[] = []
  readonly #tally: Tally

  constructor(tally: Tally) {
    this.#tally = tally
  }

  get oldestSeq(): number | undefined {
    return this.#frames[0]?.seq
  }

  add(seq: number, bytes: Uint8Array): void {
    this.#frames.push({ seq, bytes })
    this.#tally.bytes += bytes.length
  }

  acknowledge(ack: number): void {
    let count = 0
    for (const { seq, bytes } of this.#frames) {
      if (seq > ack) break
      this.#tally.bytes -= bytes.length
      count++
    }
    if (count > 0) this.#frames.splice(0, count)
  }

  clear(): void {
    for (const { bytes } of this.#frames) this.#tally.bytes -= bytes.length
    this.#frames = []
  }

  *frames(): Iterable<Uint8Array> {
    for (const { bytes } of this.#frames) yield bytes
  }
}
