/** What a process that serves many says about one call, with the ids of the call's client. */
import { findSpans, splice, type Path } from '#protocol/json-splice.ts'
import { META } from '#protocol/mcp.ts'
import type { ClientCall } from './client-call.ts'

const REQUEST_ID: readonly Path[] = [['params', 'requestId']]
const OTHERS: readonly Path[] = [
  ['params', 'progressToken'],
  ['params', '_meta', META.subscriptionId],
]

export function withOwnIds(
  payload: Uint8Array,
  event: string,
  { id, host }: ClientCall,
): Uint8Array {
  const isCancelled = event === 'notifications/cancelled'
  const spans = findSpans(payload, isCancelled ? REQUEST_ID : OTHERS)
  const values = isCancelled ? [id] : [host.progressToken, id]
  const edits = spans.flatMap((span, n) => {
    const value = values[n]
    return span === undefined || value === undefined ? [] : [{ span, text: JSON.stringify(value) }]
  })
  return splice(payload, edits)
}
