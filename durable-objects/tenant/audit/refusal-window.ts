/** How many refusals are written down a minute: a flood of them must not fill the log. Pure. */

const WINDOW_MS = 60_000
const MAX_REFUSALS_PER_WINDOW = 60

export class RefusalWindow {
  #start = -Infinity
  #admitted = 0
  #dropped = 0

  /** `undefined` for one that is not written down; else how many were not since the last one. */
  admit(now: number): { dropped: number } | undefined {
    if (now - this.#start >= WINDOW_MS) {
      this.#start = now
      this.#admitted = 0
    }
    if (this.#admitted >= MAX_REFUSALS_PER_WINDOW) {
      this.#dropped++
      return undefined
    }
    this.#admitted++
    const dropped = this.#dropped
    this.#dropped = 0
    return { dropped }
  }
}
