/**
 * How many calls of one server run at once, and which wait: each principal's in the order in which they
 * came, and the principals in turn, so that none waits for all of another's. The clock is an argument.
 */
import type { ResiliencePolicy } from '#protocol/resilience.ts'

type Bounds = Pick<ResiliencePolicy, 'maxConcurrent' | 'maxQueued'>

export class Bulkhead<T> {
  readonly #ownerOf: (item: T) => string
  #inFlight = 0
  #queued = 0
  /** By owner, whose turn is next first: to the `Date.now()` at which each waits no longer, oldest first. */
  readonly #waiting = new Map<string, Map<T, number>>()

  constructor(ownerOf: (item: T) => string) {
    this.#ownerOf = ownerOf
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get queued(): number {
    return this.#queued
  }

  /** `runs`, `waits` until `leave` names it, or there is no room. */
  enter(item: T, until: number, bounds: Bounds): 'runs' | 'waits' | 'full' {
    if (this.#inFlight < bounds.maxConcurrent && this.#queued === 0) {
      this.#inFlight++
      return 'runs'
    }
    if (this.#queued >= bounds.maxQueued) return 'full'
    const owner = this.#ownerOf(item)
    const own = this.#waiting.get(owner) ?? new Map<T, number>()
    this.#waiting.set(owner, own.set(item, until))
    this.#queued++
    return 'waits'
  }

  /**
   * Which one that waits gives way to one more of this owner: the newest of the owner that has most, where
   * that is more than this one would have. It is still to be removed.
   */
  greedier(item: T): T | undefined {
    const own = this.#waiting.get(this.#ownerOf(item))?.size ?? 0
    let most: ReadonlyMap<T, number> = new Map()
    for (const queue of this.#waiting.values()) if (queue.size > most.size) most = queue
    return most.size > own + 1 ? [...most.keys()].at(-1) : undefined
  }

  /** One that ran has ended: the next may. It counts as running from here on. */
  leave(bounds: Bounds): T | undefined {
    this.#inFlight--
    return this.next(bounds)
  }

  /** Of the owner whose turn it is, the one that has waited longest, if there is room for it. */
  next({ maxConcurrent }: Bounds): T | undefined {
    if (this.#queued === 0 || this.#inFlight >= maxConcurrent) return undefined
    for (const [owner, own] of this.#waiting) {
      const [first] = own.keys()
      if (first === undefined) continue
      this.remove(first)
      this.#inFlight++
      if (this.#waiting.delete(owner)) this.#waiting.set(owner, own)
      return first
    }
    return undefined
  }

  /** One that waits gives up. */
  remove(item: T): void {
    const owner = this.#ownerOf(item)
    const own = this.#waiting.get(owner)
    if (own?.delete(item) !== true) return
    this.#queued--
    if (own.size === 0) this.#waiting.delete(owner)
  }

  /** Those that have waited too long. They are still to be removed. */
  late(now: number): T[] {
    const queues = [...this.#waiting.values()]
    return queues.flatMap((own) =>
      [...own].flatMap(([item, until]) => (until <= now ? [item] : [])),
    )
  }

  get waiting(): T[] {
    return [...this.#waiting.values()].flatMap((own) => [...own.keys()])
  }
}
