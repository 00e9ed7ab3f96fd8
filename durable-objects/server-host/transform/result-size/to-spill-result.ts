/** The result of a `resources/read` of what was spilled. Pure. */
import type { RequestId } from '#protocol/json-rpc.ts'
import type { Era } from '#protocol/mcp.ts'
import { encode } from '../../processes/connection.ts'
import type { KeptSpill } from './spills.ts'

const decoder = new TextDecoder()

/** It does not change, and is its principal's. */
export function toSpillResult(
  { mimeType, data, endsAt }: KeptSpill,
  { id, uri, era, now }: { id: RequestId; uri: string; era: Era; now: number },
): Uint8Array {
  const contents = [{ uri, mimeType, text: decoder.decode(data) }]
  const fresh = { resultType: 'complete', ttlMs: Math.max(0, endsAt - now), cacheScope: 'private' }
  const result = { contents, ...(era === 'modern' && fresh) }
  return encode({ jsonrpc: '2.0', id, result })
}
