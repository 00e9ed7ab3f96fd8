/**
 * A tenant's counters spread over several RateLimiter objects: a principal is counted by one of
 * them. What the tenant's principals share is divided: each shard has a part of the limit, so all of
 * them together never admit more. Pure.
 */
import type { CounterSpec } from '#protocol/limiter.ts'
import type { CountedLimit } from '#protocol/limits.ts'

/** The shard that counts a principal (FNV-1a, 32 bits). */
export function shardOf(principal: string, shards: number): number {
  if (shards === 1) return 0
  let hash = 0x811c9dc5
  for (let at = 0; at < principal.length; at++) {
    hash = Math.imul(hash ^ principal.charCodeAt(at), 0x01000193) >>> 0
  }
  return hash % shards
}

/** No more than leave each shard room for the dearest call of every limit that is divided. */
export function shardsFor(wanted: number, limits: Iterable<CountedLimit>): number {
  let shards = Math.max(1, wanted)
  for (const limit of limits) {
    if (limit.per !== 'principal') shards = Math.min(shards, mostShardsOf(limit))
  }
  return shards
}

function mostShardsOf(limit: CountedLimit): number {
  if (limit.algorithm === 'token-bucket') return Math.min(limit.limit, limit.burst ?? limit.limit)
  if (limit.algorithm !== 'quota') return limit.limit
  const dearest = Math.max(1, ...(limit.costs ?? []).map(({ cost }) => cost))
  return Math.max(1, Math.floor(limit.limit / dearest))
}

/** What one shard counts by. */
export function toSpec(limit: CountedLimit, shards: number, shard: number): CounterSpec {
  const share = (whole: number): number =>
    limit.per === 'principal' ? whole : shareOf(whole, shards, shard)
  const { algorithm } = limit
  if (algorithm === 'quota') {
    return { algorithm, limit: share(limit.limit), period: limit.period }
  }
  const { windowMs } = limit
  if (algorithm !== 'token-bucket') return { algorithm, limit: share(limit.limit), windowMs }
  const burst = share(limit.burst ?? limit.limit)
  return { algorithm, limit: share(limit.limit), windowMs, burst }
}

/** The shares add up to the whole. */
function shareOf(whole: number, shards: number, shard: number): number {
  return Math.floor(whole / shards) + (shard < whole % shards ? 1 : 0)
}
