/**
 * One timer for every deadline and keep-alive of an object, so that a warm call sets none.
 * Resolution is `TICK_MS`.
 */
import { isolate } from '../../isolate.ts'

export interface Ticking {
  tick: (now: number) => void
}

const TICK_MS = 250

export class Ticker {
  readonly #members = new Set<Ticking>()
  #isTicking = false

  add(member: Ticking): void {
    this.#members.add(member)
    if (!this.#isTicking) this.#schedule()
  }

  delete(member: Ticking): void {
    this.#members.delete(member)
  }

  #tick(): void {
    const now = Date.now()
    for (const member of this.#members) isolate('a tick', () => member.tick(now))
    this.#isTicking = false
    if (this.#members.size > 0) this.#schedule()
  }

  #schedule(): void {
    this.#isTicking = true
    setTimeout(() => this.#tick(), TICK_MS)
  }
}
