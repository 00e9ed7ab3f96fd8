/**
 * A crash loop is a server that does not come up: its processes end before they have answered anything.
 * When such failures are too many, how long to wait, and when they are forgiven. Pure.
 */
import type { Why } from '#protocol/link.ts'

export interface CrashPolicy {
  /** This many failures within `failureWindowMs` are a crash loop. */
  failureLimit: number
  failureWindowMs: number
  /** A process that lived this long has started well. */
  stableMs: number
  /** Failures are forgiven when none has come for this long. */
  forgiveMs: number
  backoffBaseMs: number
  backoffMaxMs: number
  /** In [0, 1): the part of the longest wait that is taken ("full jitter"). */
  jitter: number
}

export const DEFAULT_CRASH_POLICY: Omit<CrashPolicy, 'jitter'> = {
  failureLimit: 5,
  failureWindowMs: 30_000,
  stableMs: 10_000,
  forgiveMs: 60_000,
  backoffBaseMs: 500,
  backoffMaxMs: 30_000,
}

export interface Failure {
  /** It is shown to the client. */
  why: Why
  neverStarted: boolean
}

export interface CrashRecord {
  /** The last failures, at most `failureLimit`. */
  times: readonly number[]
  /** Failures since they were forgiven: the backoff's exponent. */
  count: number
  isLooping: boolean
  /** No spare is started before this, and while looping nothing is. */
  retryAt: number
  lastFailure?: Failure
}

const CLEAN: CrashRecord = { times: [], count: 0, isLooping: false, retryAt: 0 }

/** Forgets the failures when a process that was started after the last of them is stable. */
export function settleFailures(
  record: CrashRecord,
  slots: Iterable<{ phase: string; since: number }>,
  now: number,
  policy: CrashPolicy,
): CrashRecord {
  const last = record.times.at(-1)
  if (last === undefined) return record
  if (now - last >= policy.forgiveMs) return CLEAN
  for (const { phase, since } of slots) {
    if (phase !== 'starting' && since > last && now - since >= policy.stableMs) return CLEAN
  }
  return record
}

/** A process that was there at `since` has served, so those that failed before it were no loop. */
export function forgive(record: CrashRecord, since: number): CrashRecord {
  const last = record.times.at(-1)
  return last === undefined || since > last ? CLEAN : record
}

export function recordFailure(
  record: CrashRecord,
  failure: Failure,
  now: number,
  policy: CrashPolicy,
): CrashRecord {
  const times = [...record.times, now].slice(-policy.failureLimit)
  const inWindow = times.filter((time) => now - time < policy.failureWindowMs).length
  const longestMs = Math.min(policy.backoffMaxMs, policy.backoffBaseMs * 2 ** record.count)
  return {
    times,
    count: record.count + 1,
    isLooping: record.isLooping || inWindow >= policy.failureLimit,
    retryAt: now + Math.max(1, longestMs * policy.jitter),
    lastFailure: failure,
  }
}

export function isCrashLooping(record: CrashRecord, now: number): boolean {
  return record.isLooping && now < record.retryAt
}
