/**
 * Sliding window: at most `limit` in any `windowMs`. A call of the time t counts until t + windowMs.
 *
 * The state lists the moments of what counts, at most `MAX_STEPS` of them. With no more moments
 * than that in a window it is exact. Beyond, moments that lie closer than 1/64 of a window move to
 * the latest of them: calls then count up to that much longer, never shorter.
 */
import type { CounterSpec } from '#protocol/limiter.ts'
import type { Algorithm } from './algorithm.ts'

export type SlidingWindowSpec = Extract<CounterSpec, { algorithm: 'sliding-window' }>

type Step = [at: number, count: number]

export interface SlidingWindowState {
  /** Oldest first. */
  steps: Step[]
}

export const MAX_STEPS = 128
/** Few enough that what was merged leaves half of the room free. */
const MERGED_STEPS = MAX_STEPS / 2

export const takeFromSlidingWindow: Algorithm<SlidingWindowSpec, SlidingWindowState> = (
  state,
  { limit, windowMs },
  cost,
  now,
) => {
  const newest = state?.steps.at(-1)?.[0] ?? now
  const isKnown = newest - now <= windowMs
  const at = isKnown ? Math.max(now, newest) : now
  const known = isKnown ? (state?.steps ?? []) : []
  const steps = known.filter(([from]) => from > at - windowMs)
  const used = steps.reduce((sum, [, count]) => sum + count, 0)
  if (used + cost > limit) {
    return {
      state,
      admitted: false,
      retryAfterMs: timeUntilRoom(steps, used + cost - limit, now) + windowMs,
      remaining: Math.max(0, limit - used),
      resetMs: (steps.at(-1)?.[0] ?? now) - now + windowMs,
    }
  }
  const charged = add(steps, at, cost, windowMs)
  return {
    state: { steps: charged },
    admitted: true,
    retryAfterMs: 0,
    remaining: limit - used - cost,
    resetMs: at - now + windowMs,
  }
}

/** From `now` to the moment whose end frees so many; `Infinity` when there are not so many. */
function timeUntilRoom(steps: readonly Step[], needed: number, now: number): number {
  let freed = 0
  for (const [at, count] of steps) {
    freed += count
    if (freed >= needed) return at - now
  }
  return Infinity
}

function add(steps: Step[], at: number, cost: number, windowMs: number): Step[] {
  const last = steps.at(-1)
  if (last?.[0] === at) return [...steps.slice(0, -1), [at, last[1] + cost]]
  const all: Step[] = [...steps, [at, cost]]
  return all.length > MAX_STEPS ? merge(all, windowMs) : all
}

/** Steps on one grid, so that what was merged before does not move again. */
function merge(steps: readonly Step[], windowMs: number): Step[] {
  const gridMs = Math.ceil(windowMs / MERGED_STEPS)
  const merged: Step[] = []
  for (const [at, count] of steps) {
    const last = merged.at(-1)
    const isSame = last !== undefined && Math.floor(last[0] / gridMs) === Math.floor(at / gridMs)
    if (isSame) merged[merged.length - 1] = [at, last[1] + count]
    else merged.push([at, count])
  }
  return merged
}
