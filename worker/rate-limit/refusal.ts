/** A refusal as its caller, who may be a model, can understand and heed it. Pure. */
import { GatewayError } from '#protocol/errors.ts'
import type { CountedLimit, LimitScope } from '#protocol/limits.ts'
import { toRateLimitHeaders } from './headers.ts'
import type { Refused } from './leases.ts'

const FOR: Record<LimitScope, string> = {
  tenant: 'for all callers together',
  principal: 'for each caller',
  tool: 'for this tool',
}

/** Speaks of the limit that holds longest: before it ends another try is in vain. */
export function toRefusal(refused: readonly [Refused, ...Refused[]]): GatewayError {
  const { claim, retryAfterMs } = refused.reduce((longest, other) =>
    other.retryAfterMs > longest.retryAfterMs ? other : longest,
  )
  const { limit, cost } = claim
  const isEver = Number.isFinite(retryAfterMs)
  const then = isEver
    ? `try again in ${toDuration(retryAfterMs)}`
    : 'such a call is never allowed, so do not try again'
  const costs = cost > 1 ? `, and this call costs ${cost}` : ''
  return new GatewayError(limit.algorithm === 'quota' ? 'quota_exceeded' : 'rate_limited', {
    detail: `the limit "${limit.name}" allows ${toAllowance(limit)} ${FOR[limit.per]}${costs}; ${then}`,
    data: { limit: limit.name, scope: limit.per, ...(!isEver && { retryable: false }) },
    ...(isEver && { retryAfterMs }),
    headers: toRateLimitHeaders(refused),
  })
}

function toAllowance(limit: CountedLimit): string {
  if (limit.algorithm === 'quota') {
    const units = limit.costs === undefined ? toCount(limit.limit, 'call') : `${limit.limit} units`
    return `${units} each calendar ${limit.period} (UTC)`
  }
  const each = `${toCount(limit.limit, 'call')} each ${limit.windowMs / 1000} s`
  const burst = limit.algorithm === 'token-bucket' ? limit.burst : undefined
  return burst === undefined ? each : `${each}, at most ${burst} at once,`
}

function toCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

const UNITS: [name: string, seconds: number][] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
]

/** Never too short, and at most a unit of the last place too long. */
function toDuration(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000))
  for (const [name, length] of UNITS) {
    // From two of a unit on, it is exact enough.
    if (seconds >= 2 * length) return `${Math.ceil(seconds / length)} ${name}`
  }
  return `${seconds} s`
}
