/** What is kept of an answer, for how long, and what a kept one is good for at a moment. Pure. */
import { findSpans, readValue } from '#protocol/json-splice.ts'
import type { CacheRule } from '#protocol/transform.ts'
import type { Freshness } from '../../call/call-transform.ts'
import type { Entry } from './cache.ts'

/** `expired`: only where the server fails, until `errorUntil`. */
export type EntryState = 'fresh' | 'stale' | 'expired'

export function stateAt(entry: Entry, now: number): EntryState {
  if (now < entry.freshUntil) return 'fresh'
  return now < entry.revalidateUntil ? 'stale' : 'expired'
}

/** A copy of the result of a response that may be kept: complete, and no error. */
export function keepableResult(response: Uint8Array): Uint8Array | undefined {
  const [result, isError, type, task] = findSpans(response, [
    ['result'],
    ['result', 'isError'],
    ['result', 'resultType'],
    ['result', 'task'],
  ])
  if (result === undefined || task !== undefined) return undefined
  if (isError !== undefined && readValue(response, isError) !== false) return undefined
  if (type !== undefined && readValue(response, type) !== 'complete') return undefined
  return response.slice(result.start, result.end)
}

/** Whether equal calls that waited for it may have it, too: a question is for whoever is asked. */
export function isShareable(response: Uint8Array): boolean {
  const [type, task] = findSpans(response, [
    ['result', 'resultType'],
    ['result', 'task'],
  ])
  if (task !== undefined) return false
  return type === undefined || readValue(response, type) === 'complete'
}

/** `undefined`: it is not to be kept. */
export function toEntry(
  server: string,
  result: Uint8Array,
  rule: CacheRule,
  freshness: Freshness | undefined,
  now: number,
): Entry | undefined {
  const freshUntil = now + (freshness?.ttlMs ?? rule.ttlMs)
  const revalidateUntil = freshUntil + rule.staleWhileRevalidateMs
  const errorUntil = freshUntil + rule.staleIfErrorMs
  // A server that gives it no time at all wants to be asked.
  if (freshness?.ttlMs === 0 || Math.max(revalidateUntil, errorUntil) <= now) return undefined
  return { server, result, freshUntil, revalidateUntil, errorUntil }
}
