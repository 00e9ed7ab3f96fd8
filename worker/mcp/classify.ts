/**
 * What a request to an MCP endpoint is, told from its headers and its parsed body: the facts that
 * the ServerHost object is given, or why it is refused. Pure; never throws.
 *
 * The body decides the era, the header confirms it (basic/versioning, Backward Compatibility).
 */
import { classifyMessage, isObject, isRequestId, type Envelope } from '#protocol/json-rpc.ts'
import { eraOf, HEADER, META } from '#protocol/mcp.ts'
import { reject, type Classification, type Rejection } from './classification.ts'
import { classifyLegacy } from './classify-legacy.ts'
import { classifyModern } from './classify-modern.ts'
import { readOnce } from './header-value.ts'

/** Methods, ids and tokens are kept in headers, logs and maps, so they are bounded. Characters. */
export const MAX_NAME_CHARS = 1024

/** The body as one JSON-RPC message of bounded names. */
export function readEnvelope(body: unknown): Envelope | Rejection {
  if (Array.isArray(body)) return reject('batch_unsupported')
  const envelope = classifyMessage(body)
  if (envelope === undefined) return reject('invalid_message')
  const isLong =
    (envelope.kind !== 'response' && envelope.method.length > MAX_NAME_CHARS) ||
    (envelope.kind !== 'notification' && String(envelope.id).length > MAX_NAME_CHARS)
  return isLong
    ? reject('invalid_message', `a method or id has at most ${MAX_NAME_CHARS} characters`)
    : envelope
}

/** A POST, whose body `readEnvelope` took. */
export function classifyPost(headers: Headers, envelope: Envelope, body: unknown): Classification {
  const params = isObject(body) && isObject(body.params) ? body.params : {}
  const meta = isObject(params._meta) ? params._meta : undefined
  const { progressToken } = meta ?? {}
  if (isRequestId(progressToken) && String(progressToken).length > MAX_NAME_CHARS) {
    return reject('invalid_params', `progressToken has at most ${MAX_NAME_CHARS} characters`)
  }
  return isModern(headers, envelope, meta)
    ? classifyModern(headers, envelope, params)
    : classifyLegacy(headers, envelope, params)
}

function isModern(headers: Headers, envelope: Envelope, meta?: Record<string, unknown>): boolean {
  const claimed = meta?.[META.protocolVersion]
  const claimedEra = typeof claimed === 'string' ? eraOf(claimed) : undefined
  if (claimedEra === 'modern') return true
  // `initialize` opens the legacy era, unless it names a modern revision itself.
  if (envelope.kind === 'request' && envelope.method === 'initialize') return false
  // Clients are known to keep a modern header on a legacy session: the session decides.
  if (readOnce(headers, HEADER.sessionId) !== null)
    return claimed !== undefined && claimedEra !== 'legacy'
  return (
    claimed !== undefined || eraOf(readOnce(headers, HEADER.protocolVersion) ?? '') === 'modern'
  )
}
