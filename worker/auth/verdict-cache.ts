/**
 * Verdicts by credential, for a bounded time: how long a revoked token still works, and a new
 * configuration stays unseen in another isolate.
 *
 * The key holds the token itself. It is in this isolate's memory anyway, in the request that brought
 * it, and hashing would put an asynchronous step on every warm call. It is never iterated out,
 * logged or stored, and leaves with its entry.
 */
import type { Verdict } from '#protocol/tenant.ts'
import { createExpiringCache } from './expiring-cache.ts'
import { createSharedPolicies } from './shared-policies.ts'

export const POSITIVE_TTL_MS = 30_000
export const NEGATIVE_TTL_MS = 5_000
/** Of each kind. */
export const MAX_VERDICTS = 1000

export interface VerdictCache {
  /** `undefined`: not known. A known refusal has no `verdict`. */
  get(key: string, now: number): { verdict: Verdict | undefined; askedAt: number } | undefined
  /** Lives from `askedAt`, when the Tenant object was asked, and never beyond the verdict's own end. */
  put(key: string, tenant: string, verdict: Verdict | undefined, askedAt: number): void
  /** Drops what is known of a tenant's principals, after a change. */
  forget(tenant: string): void
}

export function createVerdictCache(): VerdictCache {
  const policies = createSharedPolicies()
  const cache = createExpiringCache<Verdict>({
    maxEntries: MAX_VERDICTS,
    grantedMs: POSITIVE_TTL_MS,
    refusedMs: NEGATIVE_TTL_MS,
  })
  return {
    get(key, now) {
      const entry = cache.get(key, now)
      return entry && { verdict: entry.value, askedAt: entry.askedAt }
    },
    put(key, tenant, verdict, askedAt) {
      const shared = verdict && { ...verdict, policy: policies.share(tenant, verdict.policy) }
      cache.put(key, tenant, shared, askedAt, verdict?.expiresAt)
    },
    forget: cache.forget,
  }
}
