import type { CallRecord } from '../context.ts'

/** Of a request that has just come. */
export function newRecord(): CallRecord {
  return { requestId: crypto.randomUUID(), receivedAt: Date.now() }
}
