/** What tenants trust, for a bounded time: how long the tokens of a removed issuer still work. */
import type { Trust } from '#protocol/tenant.ts'
import { createExpiringCache, type ExpiringCache } from './expiring-cache.ts'

const POSITIVE_TTL_MS = 30_000
const NEGATIVE_TTL_MS = 5_000
/** Of tenants that exist, and of names that are none. */
const MAX_TRUSTS = 1000

export type TrustCache = ExpiringCache<Trust>

export function createTrustCache(): TrustCache {
  return createExpiringCache<Trust>({
    maxEntries: MAX_TRUSTS,
    grantedMs: POSITIVE_TTL_MS,
    refusedMs: NEGATIVE_TTL_MS,
  })
}
