/** What a `subscriptions/listen` stream carries (2026-07-28, basic/patterns/subscriptions.mdx). */
import { isObject } from '#protocol/json-rpc.ts'

/** Most resource URIs in one listen request, and the longest of them in characters. */
export const MAX_LISTEN_URIS = 1024
export const MAX_URI_LENGTH = 8192

export interface ListenFilter {
  toolsListChanged?: true
  promptsListChanged?: true
  resourcesListChanged?: true
  resourceSubscriptions?: string[]
}

export type ListenVerdict = { ok: true; filter: ListenFilter } | { ok: false; detail: string }

const LIST_KINDS = ['tools', 'prompts', 'resources'] as const

/** `params.notifications` of a listen request, with `false` and unknown kinds left out. */
export function readListenFilter(params: unknown): ListenVerdict {
  const asked = isObject(params) ? params.notifications : undefined
  if (!isObject(asked)) return { ok: false, detail: 'params.notifications is not an object' }
  const filter: ListenFilter = {}
  for (const kind of LIST_KINDS) {
    const wanted = asked[`${kind}ListChanged`]
    if (wanted === true) filter[`${kind}ListChanged`] = true
    else if (wanted !== undefined && wanted !== false) {
      return { ok: false, detail: `params.notifications.${kind}ListChanged is not a boolean` }
    }
  }
  const uris = asked.resourceSubscriptions
  if (uris === undefined) return { ok: true, filter }
  const where = 'params.notifications.resourceSubscriptions'
  if (!Array.isArray(uris) || !uris.every((uri) => typeof uri === 'string')) {
    return { ok: false, detail: `${where} is not a list of strings` }
  }
  if (uris.length > MAX_LISTEN_URIS || uris.some((uri) => uri.length > MAX_URI_LENGTH)) {
    const bounds = `${MAX_LISTEN_URIS} URIs of ${MAX_URI_LENGTH} characters`
    return { ok: false, detail: `${where} has more than ${bounds}` }
  }
  if (uris.length > 0) filter.resourceSubscriptions = [...new Set(uris)]
  return { ok: true, filter }
}

/** The part of a filter that a server of these capabilities can honour. */
export function honourFilter(
  filter: ListenFilter,
  capabilities: Record<string, unknown>,
): ListenFilter {
  const can = (kind: string, member: string): boolean => {
    const capability = capabilities[kind]
    return isObject(capability) && capability[member] === true
  }
  const honoured: ListenFilter = {}
  for (const kind of LIST_KINDS) {
    if (filter[`${kind}ListChanged`] && can(kind, 'listChanged')) {
      honoured[`${kind}ListChanged`] = true
    }
  }
  const uris = filter.resourceSubscriptions
  if (uris !== undefined && can('resources', 'subscribe')) honoured.resourceSubscriptions = uris
  return honoured
}

/** Whether a notification belongs on a stream of this filter. `uri`: of `resources/updated`. */
export function filterAccepts(filter: ListenFilter, method: string, uri?: string): boolean {
  switch (method) {
    case 'notifications/tools/list_changed':
      return filter.toolsListChanged === true
    case 'notifications/prompts/list_changed':
      return filter.promptsListChanged === true
    case 'notifications/resources/list_changed':
      return filter.resourcesListChanged === true
    case 'notifications/resources/updated':
      return (filter.resourceSubscriptions ?? []).some((root) => covers(root, uri))
    default:
      return false
  }
}

/** A legacy server may report a part of the resource that was subscribed to (2025-11-25, schema). */
function covers(root: string, uri: string | undefined): boolean {
  if (uri === undefined) return false
  return uri === root || uri.startsWith(root.endsWith('/') ? root : `${root}/`)
}
