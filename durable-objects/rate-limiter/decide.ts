/** All limits of one request at once: all of them are charged, or none. Pure. */
import type { Answer, Ask, CounterSpec, Grant, Refusal } from '#protocol/limiter.ts'
import type { Taken } from './algorithms/algorithm.ts'
import { takeFrom, type CounterState } from './algorithms/by-name.ts'
import type { PeriodState } from './algorithms/period.ts'
import { giveBack } from './algorithms/quota.ts'

/** Longest life of a lease. */
const MAX_LEASE_MS = 1_000
/** The same in windows: one part of so many. */
const LEASES_A_WINDOW = 10

/** A counter's new state, by the index of its ask. */
export interface Change {
  index: number
  state: CounterState
  /** From when on the row says nothing any more. */
  freshAt: number
}

export interface Decision {
  answer: Answer
  changes: Change[]
}

/** `states[i]` is that of the counter that `asks[i]` is charged to. */
export function decide(
  asks: readonly Ask[],
  states: readonly (CounterState | undefined)[],
  now: number,
): Decision {
  const credited = asks.map((ask, index) => credit(states[index], ask))
  const taken = asks.map(({ spec, cost }, index) => takeFrom(credited[index], spec, cost, now))
  const refusals: Refusal[] = taken.flatMap(({ admitted, retryAfterMs }, index) =>
    admitted ? [] : [{ index, retryAfterMs }],
  )
  if (refusals.length > 0) {
    // What was given back counts all the same: it is told once.
    const changes = asks.flatMap(({ back }, index) =>
      back === undefined
        ? []
        : toChanges(index, credited[index], now + (taken[index]?.resetMs ?? 0)),
    )
    return { answer: { admitted: false, refusals }, changes }
  }
  const charged = asks.map((ask, index) => {
    const { remaining = 0 } = taken[index] ?? {}
    return charge({ ...ask, want: Math.min(ask.want, ask.cost + remaining) }, credited[index], now)
  })
  return {
    answer: { admitted: true, grants: charged.map(({ grant }) => grant) },
    changes: charged.flatMap(({ taken: { state, resetMs } }, index) =>
      toChanges(index, state, now + resetMs),
    ),
  }
}

function credit(state: CounterState | undefined, { spec, back }: Ask): CounterState | undefined {
  if (back === undefined || spec.algorithm !== 'quota') return state
  return giveBack(state as PeriodState | undefined, back)
}

/** What is wanted is known to be there. */
function charge(
  { spec, cost, want }: Ask,
  state: CounterState | undefined,
  now: number,
): { taken: Taken<CounterState>; grant: Grant } {
  const granted = Math.max(cost, want)
  const taken = takeFrom(state, spec, granted, now)
  const grant = { granted, leaseMs: leaseMs(spec, taken.resetMs), ...epochOf(spec, taken.state) }
  return { taken, grant }
}

/** A lease does not outlive the window or the period that it was charged to. */
function leaseMs(spec: CounterSpec, resetMs: number): number {
  if (spec.algorithm === 'quota') return Math.min(MAX_LEASE_MS, resetMs)
  const longest = Math.min(MAX_LEASE_MS, Math.floor(spec.windowMs / LEASES_A_WINDOW))
  return spec.algorithm === 'fixed-window' ? Math.min(longest, resetMs) : longest
}

function epochOf(spec: CounterSpec, state: CounterState | undefined): { epoch?: number } {
  return spec.algorithm === 'quota' && state !== undefined && 'from' in state
    ? { epoch: state.from }
    : {}
}

function toChanges(index: number, state: CounterState | undefined, freshAt: number): Change[] {
  return state === undefined ? [] : [{ index, state, freshAt }]
}
