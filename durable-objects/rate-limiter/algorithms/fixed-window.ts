/**
 * Fixed window: at most `limit` in each window. Windows begin at multiples of `windowMs` since 1970,
 * so an interval that touches two of them may see twice as many.
 */
import type { CounterSpec } from '#protocol/limiter.ts'
import type { Algorithm } from './algorithm.ts'
import { standStill, takeFromPeriod, type PeriodState } from './period.ts'

export type FixedWindowSpec = Extract<CounterSpec, { algorithm: 'fixed-window' }>

export const takeFromFixedWindow: Algorithm<FixedWindowSpec, PeriodState> = (
  state,
  { limit, windowMs },
  cost,
  now,
) => {
  const at = standStill(state, now, windowMs)
  const from = at - (at % windowMs)
  return takeFromPeriod(state, { from, to: from + windowMs, limit }, cost, now)
}
