/** Frames that the host program may not have, kept for a resume: oldest first. */
export class Unacknowledged {
  #frames: { seq: number; bytes: Uint8Array }[] = []
  #byteLength = 0

  get byteLength(): number {
    return this.#byteLength
  }

  get oldestSeq(): number | undefined {
    return this.#frames[0]?.seq
  }

  add(seq: number, bytes: Uint8Array): void {
    this.#frames.push({ seq, bytes })
    this.#byteLength += bytes.length
  }

  acknowledge(ack: number): void {
    let count = 0
    for (const { seq, bytes } of this.#frames) {
      if (seq > ack) break
      this.#byteLength -= bytes.length
      count++
    }
    if (count > 0) this.#frames.splice(0, count)
  }

  clear(): void {
    this.#frames = []
    this.#byteLength = 0
  }

  *frames(): Iterable<Uint8Array> {
    for (const { bytes } of this.#frames) yield bytes
  }
}
