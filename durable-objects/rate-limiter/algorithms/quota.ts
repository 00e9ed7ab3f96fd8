/** Quota: at most `limit` units in each calendar day or month, UTC. */
import type { CounterSpec } from '#protocol/limiter.ts'
import type { Algorithm } from './algorithm.ts'
import { standStill, takeFromPeriod, type Period, type PeriodState } from './period.ts'

export type QuotaSpec = Extract<CounterSpec, { algorithm: 'quota' }>

/** A clock that is this far behind a counted period was wrong before. */
const MAX_CLOCK_SLIP_MS = 86_400_000

export const takeFromQuota: Algorithm<QuotaSpec, PeriodState> = (
  state,
  { limit, period },
  cost,
  now,
) => {
  const at = standStill(state, now, MAX_CLOCK_SLIP_MS)
  return takeFromPeriod(state, { ...periodOf(at, period), limit }, cost, now)
}

/** Credits what an isolate leased and did not spend. Of another period it is worth nothing. */
export function giveBack(
  state: PeriodState | undefined,
  { amount, epoch }: { amount: number; epoch: number },
): PeriodState | undefined {
  if (state?.from !== epoch) return state
  return { from: epoch, used: Math.max(0, state.used - amount) }
}

function periodOf(at: number, period: QuotaSpec['period']): Period {
  const date = new Date(at)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  return period === 'day'
    ? { from: Date.UTC(year, month, day), to: Date.UTC(year, month, day + 1) }
    : { from: Date.UTC(year, month), to: Date.UTC(year, month + 1) }
}
