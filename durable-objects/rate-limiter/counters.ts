/**
 * Which row each ask is charged to. Their number is bounded: beyond `MAX_COUNTERS` the subjects that
 * have no row share one for each limit. So a flood of invented tool names costs no memory, takes no
 * room from others' counts, and gains nothing: what is shared refuses earlier, never later.
 */
import type { Ask } from '#protocol/limiter.ts'
import type { CounterState } from './algorithms/by-name.ts'
import type { Change } from './decide.ts'
import type { CounterKey, Store } from './store.ts'

/** Rows that one object keeps, beside the shared ones. */
const MAX_COUNTERS = 10_000
/** The subject of what is shared. No principal or tool is called so. */
const SHARED = '*'

export interface Counter {
  key: CounterKey
  state: CounterState | undefined
  isNew: boolean
}

export function findCounters(store: Store, asks: readonly Ask[], now: number): Counter[] {
  return asks.map(({ limit, subject }) => findCounter(store, { limit, subject }, now))
}

function findCounter(store: Store, key: CounterKey, now: number): Counter {
  const state = store.state(key)
  if (state !== undefined) return { key, state, isNew: false }
  if (store.size >= MAX_COUNTERS) store.sweep(now)
  // A subject may have been counted there before: it gets a row of its own with no less on it.
  const shared = { limit: key.limit, subject: SHARED }
  const sharedState = store.state(shared)
  const isFull = store.size >= MAX_COUNTERS
  if (!isFull) return { key, state: sharedState, isNew: true }
  return { key: shared, state: sharedState, isNew: sharedState === undefined }
}

export function saveChanges(
  store: Store,
  counters: readonly Counter[],
  changes: readonly Change[],
): void {
  for (const { index, state, freshAt } of changes) {
    const counter = counters[index]
    if (counter !== undefined) store.save(counter.key, state, freshAt, counter.isNew)
  }
}
