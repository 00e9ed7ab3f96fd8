import { DurableObject } from 'cloudflare:workers'
import type { Answer, Ask, LimiterStub } from '#protocol/limiter.ts'
import { findCounters, saveChanges } from './counters.ts'
import { decide } from './decide.ts'
import { Store } from './store.ts'

/** Between two looks for rows that are as good as none. */
const SWEEP_EVERY_MS = 60_000

/**
 * Counts a tenant's rates and quotas, for the principals of one shard. Named `v1:{tenant}:{shard}`.
 * A decision is one synchronous step, and is stored in it; the answer leaves when that is durable.
 */
export class RateLimiter extends DurableObject implements LimiterStub {
  readonly #store: Store
  /** Cache: the alarm that this instance knows of. */
  #alarmAt = Infinity

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env)
    this.#store = new Store(ctx.storage)
  }

  async take(asks: Ask[]): Promise<Answer> {
    const now = Date.now()
    const counters = findCounters(this.#store, asks, now)
    const states = counters.map(({ state }) => state)
    const { answer, changes } = decide(asks, states, now)
    saveChanges(this.#store, counters, changes)
    if (changes.length > 0) this.#sweepAt(now + SWEEP_EVERY_MS)
    return answer
  }

  override async alarm(): Promise<void> {
    const now = Date.now()
    this.#alarmAt = Infinity
    const next = this.#store.sweep(now)
    if (next !== undefined) this.#sweepAt(Math.max(next, now + SWEEP_EVERY_MS))
  }

  /** The output gate holds what leaves the object until the alarm is set. */
  #sweepAt(time: number): void {
    if (this.#alarmAt <= time) return
    this.#alarmAt = time
    void this.ctx.storage.setAlarm(time)
  }
}
