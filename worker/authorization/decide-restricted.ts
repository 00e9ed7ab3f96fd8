/** A principal that may use some of what a visible server offers: which of its calls pass. Pure. */
import { accessTo, allows } from '#protocol/access.ts'
import { isObject } from '#protocol/json-rpc.ts'
import type { Grants, Kind } from '#protocol/scopes.ts'
import { SPILL_URI } from '#protocol/transform.ts'
import { allowsTemplate } from '#protocol/uri-template.ts'
import type { IncomingCall } from '../context.ts'
import type { Decision, Refusal } from './decision.ts'
import { hasAmbiguousNames } from './ambiguous-names.ts'
import { FREE_METHODS, KIND_OF_ACCESS, namesIn, type Named } from './named.ts'

/** Of a name that is told back. */
const MAX_SHOWN_CHARS = 256
/** Of a URI that is told back. */
const MAX_SHOWN_URI_CHARS = 2_048

export function decideRestricted(grants: Grants, call: IncomingCall): Decision {
  const { server, http, body, facts } = call
  const { envelope } = facts
  if (body === undefined || envelope === undefined) {
    // What the GET stream of a legacy session tells of resources is for the object to filter.
    return http === 'GET' ? allow(grants, server, 'resource') : { isAllowed: true }
  }
  if (hasAmbiguousNames(body.bytes)) {
    const detail = 'a member that says what is asked for occurs twice, or in other letters'
    return { isAllowed: false, code: 'invalid_message', detail }
  }
  if (envelope.kind !== 'request') return { isAllowed: true }
  const { method } = envelope
  const named = namesIn(method, paramsOf(body.value))
  if (named === 'malformed') {
    return { isAllowed: false, code: 'invalid_params', detail: 'a name or URI is not a string' }
  }
  // A result that was too large for its answer: whose it is, the object knows.
  if (method === 'resources/read' && named[0]?.name.startsWith(SPILL_URI) === true) {
    return { isAllowed: true }
  }
  const forbidden = named.find((one) => !isAllowed(grants, server, one))
  if (forbidden !== undefined) return refuseNamed(forbidden)
  const kind = KIND_OF_ACCESS.get(method)
  if (kind !== undefined) return allow(grants, server, kind)
  if (named.length > 0 || FREE_METHODS.has(method)) return { isAllowed: true }
  // What a method that nobody knows does, no scope speaks of.
  return { isAllowed: false, code: 'unknown_method' }
}

function paramsOf(message: unknown): Record<string, unknown> {
  return isObject(message) && isObject(message.params) ? message.params : {}
}

function isAllowed(grants: Grants, server: string, { kind, name, isTemplate }: Named): boolean {
  const access = accessTo(grants, server, kind)
  return isTemplate && name.includes('{') ? allowsTemplate(access, name) : allows(access, name)
}

function allow(grants: Grants, server: string, kind: Kind): Decision {
  return { isAllowed: true, access: accessTo(grants, server, kind) }
}

/** The same for what there is and what there is not, in the words of the spec (2026-07-28, server). */
export function refuseNamed({ kind, name }: Pick<Named, 'kind' | 'name'>): Refusal {
  if (kind === 'resource') {
    const data = name.length > MAX_SHOWN_URI_CHARS ? {} : { uri: name }
    return { isAllowed: false, code: 'unknown_resource', data }
  }
  const code = kind === 'tool' ? 'unknown_tool' : 'unknown_prompt'
  return { isAllowed: false, code, detail: name.slice(0, MAX_SHOWN_CHARS) }
}
