/** How long to wait before a call is tried again. Pure. */
import type { RetryPolicy } from '#protocol/resilience.ts'

/** Less time than this is not worth another try. */
const WORTH_TRYING_MS = 50

export interface Tried {
  /** Tries so far, 1 or more. */
  attempts: number
  now: number
  /** `Date.now()` until which the call must have its answer. */
  deadline: number
  /** In [0, 1). */
  random: number
  /** What failed asked for this long a pause. Milliseconds. */
  askedMs?: number | undefined
}

/** Exponential with full jitter. Milliseconds. */
export function backoffMs(
  retry: number,
  { baseMs, maxMs }: Pick<RetryPolicy, 'baseMs' | 'maxMs'>,
  random: number,
): number {
  return Math.floor(random * Math.min(maxMs, baseMs * 2 ** (retry - 1)))
}

/**
 * The pause before the next try; `undefined` when there is none: too many tries, too late for another, or a
 * longer pause is asked for than there may be.
 */
export function pauseMs(
  { attempts, now, deadline, random, askedMs = 0 }: Tried,
  policy: RetryPolicy,
): number | undefined {
  if (attempts >= policy.attempts || askedMs > policy.maxMs) return undefined
  const pause = Math.max(askedMs, backoffMs(attempts, policy, random))
  return now + pause + WORTH_TRYING_MS <= deadline ? pause : undefined
}
