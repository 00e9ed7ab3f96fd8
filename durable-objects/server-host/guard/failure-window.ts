/** How many of the calls of the last while failed. Counts in slices of the window: memory and time are constant. */

const SLICES = 10

/** Outcomes leave with their slice, so the window is up to one slice shorter than asked for. */
export class FailureWindow {
  readonly #calls = new Int32Array(SLICES)
  readonly #failures = new Int32Array(SLICES)
  /** The number of the newest slice, since 1970. */
  #slice = 0
  #callsTotal = 0
  #failuresTotal = 0

  add(isFailure: boolean, now: number, windowMs: number): void {
    const at = this.#turnTo(now, windowMs)
    this.#calls[at] = (this.#calls[at] ?? 0) + 1
    this.#callsTotal++
    if (!isFailure) return
    this.#failures[at] = (this.#failures[at] ?? 0) + 1
    this.#failuresTotal++
  }

  read(now: number, windowMs: number): { calls: number; failures: number } {
    this.#turnTo(now, windowMs)
    return { calls: this.#callsTotal, failures: this.#failuresTotal }
  }

  clear(): void {
    this.#calls.fill(0)
    this.#failures.fill(0)
    this.#callsTotal = 0
    this.#failuresTotal = 0
  }

  /** Forgets the slices that have left the window. A clock that goes back counts in the newest slice. */
  #turnTo(now: number, windowMs: number): number {
    const slice = Math.floor(now / Math.max(1, windowMs / SLICES))
    const passed = slice - this.#slice
    if (passed >= SLICES) this.clear()
    else for (let n = 1; n <= passed; n++) this.#empty((this.#slice + n) % SLICES)
    if (passed > 0) this.#slice = slice
    return this.#slice % SLICES
  }

  #empty(at: number): void {
    this.#callsTotal -= this.#calls[at] ?? 0
    this.#failuresTotal -= this.#failures[at] ?? 0
    this.#calls[at] = 0
    this.#failures[at] = 0
  }
}
