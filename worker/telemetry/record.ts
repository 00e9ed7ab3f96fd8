/** What is known of a call, for its log line and its errors. */
import type { RequestId } from '#protocol/json-rpc.ts'
import type { Era } from '#protocol/mcp.ts'
import type { Verdict } from '#protocol/tenant.ts'

export interface Challenge {
  /** Of the protected resource's metadata (RFC 9728). */
  metadataURL: string
  /** What grants the resource whole. */
  scopes: string[]
}

/** Filled in as the request meets the policies; what is known when it ends goes into the log. */
export interface CallRecord {
  requestId: string
  receivedAt: number
  verdict?: Verdict
  server?: string
  /** The JSON-RPC id that an error answers. */
  id?: RequestId
  method?: string
  target?: string
  era?: Era
  /** Where a client that is refused learns how to get a token; only where its tenant announces it. */
  challenge?: Challenge
  /** It was handed to the ServerHost object. */
  forwarded?: boolean
}

/** Of a request that has just come. */
export function newRecord(): CallRecord {
  return { requestId: crypto.randomUUID(), receivedAt: Date.now() }
}
