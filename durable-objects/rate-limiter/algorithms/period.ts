/** What fixed windows and quotas share: a count that belongs to one period. */
import type { Taken } from './algorithm.ts'

export interface PeriodState {
  /** When the period began. */
  from: number
  used: number
}

export interface Period {
  from: number
  /** When the next one begins. */
  to: number
}

/** At most `limit` in the period. */
export function takeFromPeriod(
  state: PeriodState | undefined,
  { from, to, limit }: Period & { limit: number },
  cost: number,
  now: number,
): Taken<PeriodState> {
  const used = state?.from === from ? state.used : 0
  const resetMs = to - now
  if (used + cost > limit) {
    const retryAfterMs = cost > limit ? Infinity : resetMs
    return { state, admitted: false, retryAfterMs, remaining: Math.max(0, limit - used), resetMs }
  }
  return {
    state: { from, used: used + cost },
    admitted: true,
    retryAfterMs: 0,
    remaining: limit - used - cost,
    resetMs,
  }
}

/** The period to count in: that of the state where the clock went back by no more than `slackMs`. */
export function standStill(state: PeriodState | undefined, now: number, slackMs: number): number {
  return state !== undefined && state.from > now && state.from - now <= slackMs ? state.from : now
}
