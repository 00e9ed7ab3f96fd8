/** The response that a kept result is to another request. Pure. */
import type { RequestId } from '#protocol/json-rpc.ts'
import { findSpans, readValue, splice } from '#protocol/json-splice.ts'
import type { Entry } from './cache.ts'

const encoder = new TextEncoder()

/** What it says of its freshness is never longer than the time that is left. */
export function toResponse(
  { result, freshUntil }: Pick<Entry, 'result' | 'freshUntil'>,
  id: RequestId,
  now: number,
): Uint8Array {
  const head = encoder.encode(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`)
  const payload = new Uint8Array(head.length + result.length + 1)
  payload.set(head)
  payload.set(result, head.length)
  payload[payload.length - 1] = 0x7d
  const [span] = findSpans(payload, [['result', 'ttlMs']])
  const ttlMs = span && readValue(payload, span)
  if (span === undefined || typeof ttlMs !== 'number') return payload
  const left = Math.max(0, Math.min(ttlMs, freshUntil - now))
  return splice(payload, [{ span, text: String(left) }])
}
