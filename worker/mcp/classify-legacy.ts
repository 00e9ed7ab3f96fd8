/** Requests of the revisions with sessions, 2024-11-05 to 2025-11-25. Pure. */
import type { Envelope } from '#protocol/json-rpc.ts'
import {
  eraOf,
  HEADER,
  LEGACY_REVISIONS,
  MAX_REVISION_CHARS,
  MODERN_REVISIONS,
} from '#protocol/mcp.ts'
import { SESSION_ID } from '#protocol/tenant.ts'
import type { CallFacts } from '../context.ts'
import { toCallFacts } from './call-facts.ts'
import { reject, type Classification, type Rejection } from './classification.ts'
import { readOnce } from './header-value.ts'

const MAX_EVENT_ID_CHARS = 256

export function classifyLegacy(
  headers: Headers,
  envelope: Envelope,
  params: Record<string, unknown>,
): Classification {
  const facts = toCallFacts('legacy', envelope, params)
  const opens = envelope.kind === 'request' && envelope.method === 'initialize'
  // What the session will speak is agreed on in `initialize`: what the header says does not count.
  if (opens) return { kind: 'call', facts }
  return addSession(facts, headers) ?? addVersion(facts, headers) ?? { kind: 'call', facts }
}

/** GET and DELETE, which only sessions have. */
export function classifyBodyless(headers: Headers): Classification {
  const facts: CallFacts = { era: 'legacy' }
  const rejection = addSession(facts, headers) ?? addVersion(facts, headers)
  if (rejection !== undefined) return rejection
  const lastEventId = headers.get(HEADER.lastEventId)
  if (lastEventId === null) return { kind: 'call', facts }
  if (lastEventId.length > MAX_EVENT_ID_CHARS) return reject('event_expired')
  return { kind: 'call', facts: { ...facts, lastEventId } }
}

/** 400 without a session id, 404 for one that was never issued. */
function addSession(facts: CallFacts, headers: Headers): Rejection | undefined {
  const sessionId = readOnce(headers, HEADER.sessionId)
  if (sessionId === null) return reject('session_required')
  if (!SESSION_ID.test(sessionId)) return reject('session_not_found')
  facts.sessionId = sessionId
  return undefined
}

/**
 * A modern revision in the header of a legacy request is ignored. An unknown one may be what a session's
 * client and server have agreed on, which its object knows.
 */
function addVersion(facts: CallFacts, headers: Headers): Rejection | undefined {
  const version = readOnce(headers, HEADER.protocolVersion)
  if (version === null) return undefined
  const era = eraOf(version)
  if (era === undefined && version.length > MAX_REVISION_CHARS) {
    const supported = [...MODERN_REVISIONS, ...LEGACY_REVISIONS]
    return reject('unsupported_version', undefined, { supported, requested: version })
  }
  if (era !== 'modern') facts.protocolVersion = version
  return undefined
}
