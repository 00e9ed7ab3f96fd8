/**
 * Until when a call may take: its time begins again with each report of its progress, and does not run
 * while its client is asked something. In no case longer than in all. Pure; times are `Date.now()`.
 */

/** What a start that does not come about adds to all that. */
const MAX_POSTPONED_MS = 3_600_000

export interface CallTimeOptions {
  now: number
  /** Without a sign of life. `Infinity`: it never ends by itself. */
  timeoutMs: number
  /** In all. Shorter than `timeoutMs`: nothing extends that. */
  totalMs: number
}

export class CallTime {
  readonly #timeoutMs: number
  #end: number
  #deadline: number
  /** Questions to its client that have no answer yet. */
  #questions = 0
  #postponableMs = MAX_POSTPONED_MS

  constructor({ now, timeoutMs, totalMs }: CallTimeOptions) {
    this.#timeoutMs = timeoutMs
    this.#deadline = now + timeoutMs
    this.#end = now + Math.max(timeoutMs, totalMs)
  }

  get deadline(): number {
    return this.#questions > 0 ? this.#end : this.#deadline
  }

  /** Its server has reported progress, or goes on with an answer. */
  renew(now: number): void {
    this.#deadline = Math.min(now + this.#timeoutMs, this.#end)
  }

  /** So long it could not begin: its server is installed, or waits for its turn to start. */
  postpone(ms: number): void {
    const granted = Math.min(ms, this.#postponableMs)
    this.#postponableMs -= granted
    this.#deadline += granted
    this.#end += granted
  }

  stop(): void {
    this.#questions++
  }

  goOn(now: number): void {
    this.#questions--
    this.renew(now)
  }
}
