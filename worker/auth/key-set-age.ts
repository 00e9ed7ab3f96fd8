/** When a set of keys is fetched, and how long it is used. Pure. */

/** Keys that an issuer withdrew are used for this long at most, while its server answers. */
export const FRESH_MS = 600_000
/** The same while its server does not. */
export const KEPT_MS = 3_600_000
/** Between two fetches that tokens cause which no known key signed: anybody can make them up. */
export const COOLDOWN_MS = 30_000
/** After a fetch that failed. */
export const RETRY_MS = 5_000
/** Of one. It bounds how long a request waits for keys. */
export const FETCH_TIMEOUT_MS = 5_000
/** At once for one set. Requests do not wait for each other's: on Workers a fetch ends with its request. */
export const MAX_FETCHES = 8

export interface KeySetAge {
  /** When the keys that are known were asked for; absent without keys. */
  fetchedAt?: number
  /** When the last fetch failed; absent after one that did not. */
  failedAt?: number
  /** When each fetch began that has not ended. One whose client left never ends. */
  startedAt: readonly number[]
}

/**
 * Whether to fetch now. `isDoubted`: what is known does not explain a token, which may be signed with a
 * newer key.
 */
export function isFetchDue(age: KeySetAge, isDoubted: boolean, now: number): boolean {
  const { fetchedAt = -Infinity, failedAt = -Infinity } = age
  if (now - fetchedAt < (isDoubted ? COOLDOWN_MS : FRESH_MS)) return false
  return now - failedAt >= RETRY_MS && pendingFetches(age, now).length < MAX_FETCHES
}

/** Whether the known keys may still be used, fetched again or not. */
export function isKept({ fetchedAt }: KeySetAge, now: number): boolean {
  return fetchedAt !== undefined && now - fetchedAt < KEPT_MS
}

/** Those of `startedAt` that may still end. */
export function pendingFetches({ startedAt }: KeySetAge, now: number): number[] {
  return startedAt.filter((time) => now - time < FETCH_TIMEOUT_MS)
}
