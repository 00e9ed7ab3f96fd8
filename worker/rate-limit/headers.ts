/**
 * The `RateLimit` fields of a refusal (draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4).
 * Only limits that refuse are in them, each with nothing left: what others of the tenant have used
 * shows in no number.
 */
import type { CountedLimit } from '#protocol/limits.ts'
import type { Refused } from './leases.ts'

const DAY_SECONDS = 86_400

export function toRateLimitHeaders(refused: readonly Refused[]): Record<string, string> {
  return {
    'RateLimit-Policy': refused.map(({ claim: { limit } }) => toPolicy(limit)).join(', '),
    RateLimit: refused.map(toServiceLimit).join(', '),
  }
}

/** A name has no character that a string would have to escape. */
function toPolicy(limit: CountedLimit): string {
  const policy = `"${limit.name}";q=${limit.limit}`
  // A month has no length of its own.
  if (limit.algorithm === 'quota') {
    return limit.period === 'day' ? `${policy};w=${DAY_SECONDS}` : policy
  }
  const windowed = `${policy};w=${toSeconds(limit.windowMs)}`
  const burst = limit.algorithm === 'token-bucket' ? limit.burst : undefined
  return burst === undefined ? windowed : `${windowed};hearth-burst=${burst}`
}

function toServiceLimit({ claim: { limit }, retryAfterMs }: Refused): string {
  const nothing = `"${limit.name}";r=0`
  return Number.isFinite(retryAfterMs) ? `${nothing};t=${toSeconds(retryAfterMs)}` : nothing
}

/** Whole seconds, as the fields have them: never less. */
function toSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000))
}
