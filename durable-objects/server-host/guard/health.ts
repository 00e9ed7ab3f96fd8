/** How a server is, by what was heard of it. The clock is an argument. */
import type { BreakerPhase, Health } from '#protocol/resilience.ts'
import type { Judgement } from './breaker.ts'

/** Active checks in a row that must fail before the server is called unhealthy. */
const UNHEALTHY_AFTER = 2
/** The part of an interval by which checks are spread. */
const JITTER = 0.2

export class Heard {
  /** `Date.now()` of the last call, or check, that the server answered, and of the last that failed. */
  successAt = 0
  failureAt = 0
  /** Whether the failure came last. */
  isFailing = false
  /** Active checks that failed since one succeeded. */
  failedChecks = 0

  noteCheck(isAnswered: boolean, now: number): void {
    this.note(isAnswered ? 'success' : 'failure', now)
    this.failedChecks = isAnswered ? 0 : this.failedChecks + 1
  }

  note(judgement: Judgement, now: number): void {
    if (judgement === 'neutral') return
    this.isFailing = judgement === 'failure'
    if (this.isFailing) this.failureAt = now
    else this.successAt = now
  }

  /** The server is another one. */
  clear(): void {
    this.successAt = this.failureAt = this.failedChecks = 0
    this.isFailing = false
  }
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
export function needsCheck(
  { successAt }: Pick<Heard, 'successAt'>,
  now: number,
  intervalMs: number,
): boolean {
  return now - successAt >= intervalMs * (1 - JITTER / 2)
}

/** To the next check, so that servers are not asked in step. `random` in [0, 1). Milliseconds. */
export function checkAfterMs(intervalMs: number, random: number): number {
  return Math.max(1, Math.round(intervalMs * (1 - JITTER / 2 + JITTER * random)))
}
