/**
 * How many calls of one server run at once, and which wait, in the order in which they came. The
 * clock is an argument.
 */
import type { ResiliencePolicy } from '#protocol/resilience.ts'

type Bounds = Pick<ResiliencePolicy, 'maxConcurrent' | 'maxQueued'>

export class Bulkhead<T> {
  #inFlight = 0
  /** To the `Date.now()` at which it waits no longer. Oldest first. */
  readonly #waiting = new Map<T, number>()

  get inFlight(): number {
    return this.#inFlight
  }

  get queued(): number {
    return this.#waiting.size
  }

  /** `runs`, `waits` until `leave` names it, or there is no room. */
  enter(item: T, until: number, bounds: Bounds): 'runs' | 'waits' | 'full' {
    if (this.#inFlight < bounds.maxConcurrent && this.#waiting.size === 0) {
      this.#inFlight++
      return 'runs'
    }
    if (this.#waiting.size >= bounds.maxQueued) return 'full'
    this.#waiting.set(item, until)
    return 'waits'
  }

  /** One that ran has ended: the next may. It counts as running from here on. */
  leave(bounds: Bounds): T | undefined {
    this.#inFlight--
    return this.next(bounds)
  }

  /** The one that has waited longest, if there is room for it. */
  next({ maxConcurrent }: Bounds): T | undefined {
    if (this.#waiting.size === 0 || this.#inFlight >= maxConcurrent) return undefined
    const [first] = this.#waiting.keys()
    if (first === undefined) return undefined
    this.#waiting.delete(first)
    this.#inFlight++
    return first
  }

  /** One that waits gives up. */
  remove(item: T): void {
    this.#waiting.delete(item)
  }

  /** Those that have waited too long. They are still to be removed. */
  late(now: number): T[] {
    return [...this.#waiting].flatMap(([item, until]) => (until <= now ? [item] : []))
  }

  get waiting(): T[] {
    return [...this.#waiting.keys()]
  }
}
