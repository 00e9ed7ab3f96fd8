/**
 * How many retries a server may get beside its calls. Each call adds a part of one, and time adds a
 * little, so that a server with few calls has retries, too. The clock is an argument.
 *
 * Over any while with n calls there are at most `SAVED_RETRIES + n * ratio + t / REFILL_MS` retries.
 */

/** What is saved at most, and what a server begins with. */
export const SAVED_RETRIES = 10
/** One retry more after so long without calls. */
export const REFILL_MS = 10_000

export class RetryBudget {
  #balance = SAVED_RETRIES
  #refilledAt: number

  constructor(now: number) {
    this.#refilledAt = now
  }

  /** A call has come. */
  add(ratio: number): void {
    this.#balance = Math.min(SAVED_RETRIES, this.#balance + ratio)
  }

  /** Takes one retry, if there is one. */
  take(now: number): boolean {
    const passedMs = Math.max(0, now - this.#refilledAt)
    this.#refilledAt = now
    this.#balance = Math.min(SAVED_RETRIES, this.#balance + passedMs / REFILL_MS)
    if (this.#balance < 1) return false
    this.#balance--
    return true
  }
}
