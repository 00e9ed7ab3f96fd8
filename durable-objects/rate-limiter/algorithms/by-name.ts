/** The algorithm that a spec names. */
import type { CounterSpec } from '#protocol/limiter.ts'
import type { Taken } from './algorithm.ts'
import { takeFromFixedWindow } from './fixed-window.ts'
import type { PeriodState } from './period.ts'
import { takeFromQuota } from './quota.ts'
import { takeFromSlidingWindow, type SlidingWindowState } from './sliding-window.ts'
import { takeTokens, type TokenBucketState } from './token-bucket.ts'

/** As it is stored. `Ask.limit` names the algorithm, so a state is never read by another one. */
export type CounterState = TokenBucketState | SlidingWindowState | PeriodState

export function takeFrom(
  state: CounterState | undefined,
  spec: CounterSpec,
  cost: number,
  now: number,
): Taken<CounterState> {
  switch (spec.algorithm) {
    case 'token-bucket':
      return takeTokens(state as TokenBucketState | undefined, spec, cost, now)
    case 'sliding-window':
      return takeFromSlidingWindow(state as SlidingWindowState | undefined, spec, cost, now)
    case 'fixed-window':
      return takeFromFixedWindow(state as PeriodState | undefined, spec, cost, now)
    case 'quota':
      return takeFromQuota(state as PeriodState | undefined, spec, cost, now)
  }
}
