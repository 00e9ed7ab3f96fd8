/** How requests to one origin went: counts since the cell began, without a clock of their own. */
import type { OriginFigures } from '#protocol/remote/figures.ts'

export class OriginCounts {
  readonly #origin: string
  #requests = 0
  #successes = 0
  #failures = 0
  #answered = 0
  #overH2 = 0
  #latencyMs = 0
  #inFlight = 0
  #mostInFlight = 0
  #connections = 0

  constructor(origin: string) {
    this.#origin = origin
  }

  get inFlight(): number {
    return this.#inFlight
  }

  begin(): void {
    this.#requests += 1
    this.#inFlight += 1
    this.#mostInFlight = Math.max(this.#mostInFlight, this.#inFlight)
  }

  answered(status: number, latencyMs: number, isH2: boolean): void {
    this.#answered += 1
    this.#latencyMs += latencyMs
    if (isH2) this.#overH2 += 1
    if (status < 500) this.#successes += 1
    else this.#failures += 1
  }

  failed(): void {
    this.#failures += 1
  }

  /** Its response has been read to the end, or nobody reads it any more. */
  end(): void {
    this.#inFlight -= 1
  }

  /** A connection more, or less. */
  connected(change: 1 | -1): void {
    this.#connections += change
  }

  report(): OriginFigures {
    const answered = Math.max(1, this.#answered)
    return {
      origin: this.#origin,
      requests: this.#requests,
      successes: this.#successes,
      failures: this.#failures,
      meanLatencyMs: round(this.#latencyMs / answered),
      h2Share: round(this.#overH2 / answered),
      inFlight: this.#inFlight,
      mostInFlight: this.#mostInFlight,
      connections: this.#connections,
    }
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
