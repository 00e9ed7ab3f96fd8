/** What makes two calls equal. Pure. */
import { toCanonicalJSON } from '#protocol/canonical-json.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { findSpans, readValue } from '#protocol/json-splice.ts'

/** Calls with more are not looked for. */
const MAX_CACHE_KEY_CHARS = 8_192
const MAX_KEY_DEPTH = 64

export interface KeyParts {
  server: string
  /** Of its launch: names exactly what is started. */
  digest: string
  method: string
  /** The client's: what it cannot read is left out for it. */
  protocol: string
}

/**
 * Without the principal. `undefined` for a call that is not looked for: one that is too large, the
 * retry of one that was asked something, one that is to become a task.
 */
export function toKey(request: Uint8Array, parts: KeyParts): string | undefined {
  const [span] = findSpans(request, [['params']])
  if (span === undefined || span.end - span.start > 2 * MAX_CACHE_KEY_CHARS) return undefined
  const params = readValue(request, span)
  if (!isObject(params)) return undefined
  if ('inputResponses' in params || 'requestState' in params || 'task' in params) return undefined
  const { _meta, ...own } = params
  const text = toCanonicalJSON(own, MAX_KEY_DEPTH)
  if (text === undefined || text.length > MAX_CACHE_KEY_CHARS) return undefined
  const { server, digest, method, protocol } = parts
  return JSON.stringify([server, digest, method, protocol, text])
}

export function toOwnKey(key: string, principal: string): string {
  return `${principal}\n${key}`
}
