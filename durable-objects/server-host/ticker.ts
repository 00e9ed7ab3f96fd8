/**
 * One timer for every deadline and keep-alive of an object, so that a warm call sets none.
 * Resolution is `TICK_MS`.
 */
import { isolate } from './isolate.ts'

export interface Ticking {
  tick: (now: number) => void
}

const TICK_MS = 250

export class Ticker {
  readonly #members = new Set<Ticking>()
  #timer: ReturnType<typeof setTimeout> | undefined

  add(member: Ticking): void {
    this.#members.add(member)
    this.#timer ??= setTimeout(() => this.#tick(), TICK_MS)
  }

  delete(member: Ticking): void {
    this.#members.delete(member)
  }

  #tick(): void {
    const now = Date.now()
    for (const member of this.#members) isolate('a tick', () => member.tick(now))
    this.#timer = this.#members.size === 0 ? undefined : setTimeout(() => this.#tick(), TICK_MS)
  }
}
