/**
 * `subscriptions/listen` of a principal that may not read every resource: URIs that it may not read
 * are left out of what it asked for, as a server leaves out what it does not honour
 * (2026-07-28, basic/patterns/subscriptions.mdx).
 */
import { allows, type Access } from '#protocol/access.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { findSpans, readValue, splice } from '#protocol/json-splice.ts'
import type { ListenFilter } from './listen-filter.ts'

const URIS = ['params', 'notifications', 'resourceSubscriptions']

/** The same for a request that is passed on. What is no list is for the server to refuse. */
export function dropForbiddenURIs(body: Uint8Array, access: Access): Uint8Array {
  const [span] = findSpans(body, [URIS])
  const uris = span && readValue(body, span)
  if (span === undefined || !Array.isArray(uris)) return body
  const kept = uris.filter((uri: unknown) => typeof uri === 'string' && allows(access, uri))
  return splice(body, [{ span, text: JSON.stringify(kept) }])
}

export function withoutForbidden(filter: ListenFilter, access: Access): ListenFilter {
  const { resourceSubscriptions: uris, ...others } = filter
  const kept = uris?.filter((uri) => allows(access, uri)) ?? []
  return kept.length === 0 ? others : { ...others, resourceSubscriptions: kept }
}

export const UPDATED = 'notifications/resources/updated'

/** Whether a notification tells of no resource that may not be read. `params` are its own. */
export function mayTell(method: string, params: unknown, access: Access | undefined): boolean {
  if (access === undefined || method !== UPDATED) return true
  return isObject(params) && typeof params.uri === 'string' && allows(access, params.uri)
}
