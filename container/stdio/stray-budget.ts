/** How much of what nobody waits for is read of one stream: lines and bytes, as a bucket that refills. Pure. */

/** A stream that was quiet may bring so much at once. */
const BURST_LINES = 200
const BURST_BYTES = 1024 * 1024

/** What it may bring in the long run. */
const LINES_PER_SECOND = 1_000
const BYTES_PER_SECOND = 4 * 1024 * 1024

/** The shortest pause of a stream that has used it up. Milliseconds. */
const PAUSE_MS = 50

export class StrayBudget {
  #lines = BURST_LINES
  #bytes = BURST_BYTES
  #at: number

  constructor(now: number) {
    this.#at = now
  }

  /** So much was read. */
  spend(lines: number, bytes: number, now: number): void {
    const seconds = Math.max(0, now - this.#at) / 1_000
    this.#at = now
    this.#lines = Math.min(BURST_LINES, this.#lines + seconds * LINES_PER_SECOND) - lines
    this.#bytes = Math.min(BURST_BYTES, this.#bytes + seconds * BYTES_PER_SECOND) - bytes
  }

  get isUsedUp(): boolean {
    return this.#lines < 0 || this.#bytes < 0
  }

  /** How long the stream is to be left unread; what the pause earns is there when it is over. */
  pauseMs(): number {
    const lines = Math.max(0, -this.#lines) / LINES_PER_SECOND
    const bytes = Math.max(0, -this.#bytes) / BYTES_PER_SECOND
    return PAUSE_MS + Math.ceil(Math.max(lines, bytes) * 1_000)
  }

  /** `earnedMs`: of a pause, without what was added because others pause, too. */
  resume(earnedMs: number, now: number): void {
    this.#at = now - earnedMs
    this.spend(0, 0, now)
  }
}
