/**
 * What a session's client has said of itself. What it can do is told as a modern client would say it: a
 * server may offer more to one that can do more. Pure.
 */
import { toCanonicalJSON } from '#protocol/canonical-json.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { findSpans, readValue } from '#protocol/json-splice.ts'
import type { Viewer } from '../catalog/pins/pins.ts'
import type { SessionRecord } from '../store/session-store.ts'
import { toModernCapabilities } from '../translate/to-modern-request.ts'

const MAX_CAPABILITIES_DEPTH = 16

/** `initialize`: the request's params, as JSON. Canonical JSON. */
export function readCapabilities(initialize: string): string {
  const { capabilities } = JSON.parse(initialize) as Record<string, unknown>
  const modern = toModernCapabilities(isObject(capabilities) ? capabilities : {}, true)
  return toCanonicalJSON(modern, MAX_CAPABILITIES_DEPTH) ?? '{}'
}

const encoder = new TextEncoder()

/** `initialize`: as above. */
export function readClientInfo(initialize: string): unknown {
  const bytes = encoder.encode(initialize)
  const [info] = findSpans(bytes, [['clientInfo']])
  return info && readValue(bytes, info)
}

/** To whom a server of the session's shows its tools. */
export function viewerOf({
  initialize,
  principal,
}: Pick<SessionRecord, 'initialize' | 'principal'>): Viewer {
  return { capabilities: readCapabilities(initialize), principal }
}
