/** How a server is, by what was heard of it. Pure. */
import type { BreakerPhase, Health } from '#protocol/resilience.ts'
import type { Judgement } from './breaker.ts'

/** Active checks in a row that must fail before the server is called unhealthy. */
const UNHEALTHY_AFTER = 2
/** The part of an interval by which checks are spread. */
const JITTER = 0.2

export interface Heard {
  /** `Date.now()` of the last call, or check, that the server answered, and of the last that failed. */
  readonly successAt: number
  readonly failureAt: number
  /** Whether the failure came last. */
  readonly isFailing: boolean
  /** Active checks that failed since one succeeded. */
  readonly failedChecks: number
}

export const NOTHING_HEARD: Heard = {
  successAt: 0,
  failureAt: 0,
  isFailing: false,
  failedChecks: 0,
}

export function noteCheck(heard: Heard, isAnswered: boolean, now: number): Heard {
  const noted = note(heard, isAnswered ? 'success' : 'failure', now)
  return { ...noted, failedChecks: isAnswered ? 0 : heard.failedChecks + 1 }
}

export function note(heard: Heard, judgement: Judgement, now: number): Heard {
  if (judgement === 'neutral') return heard
  if (judgement === 'success') return { ...heard, successAt: now, isFailing: false }
  return { ...heard, failureAt: now, isFailing: true }
}

export function healthOf(
  { successAt, failureAt, isFailing, failedChecks }: Heard,
  phase: BreakerPhase,
): Health {
  if (phase !== 'closed' || failedChecks >= UNHEALTHY_AFTER) return 'unhealthy'
  if (isFailing) return 'failing'
  return successAt === 0 && failureAt === 0 ? 'unknown' : 'healthy'
}

/** A server that has answered since the last check was due is not asked. */
export function needsCheck({ successAt }: Heard, now: number, intervalMs: number): boolean {
  return now - successAt >= intervalMs * (1 - JITTER / 2)
}

/** To the next check, so that servers are not asked in step. `random` in [0, 1). Milliseconds. */
export function checkAfterMs(intervalMs: number, random: number): number {
  return Math.max(1, Math.round(intervalMs * (1 - JITTER / 2 + JITTER * random)))
}
