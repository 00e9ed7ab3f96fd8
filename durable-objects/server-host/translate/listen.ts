/**
 * `subscriptions/listen` (2026-07-28, basic/patterns/subscriptions.mdx) in both directions: opened
 * by a modern client on a legacy server, and on a modern server for a legacy session.
 */
import type { JSONRPCNotification, JSONRPCRequest, RequestId } from '#protocol/json-rpc.ts'
import { META } from '#protocol/mcp.ts'
import { editObject, findSpans, listMembers, splice } from '#protocol/json-splice.ts'
import type { ListenFilter } from './listen-filter.ts'
import { honourFilter } from './listen-filter.ts'
import type { ClientFacts } from './to-modern-request.ts'
import { toRequestMeta } from './to-modern-request.ts'

export const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged'

/** The first message of every listen stream. */
export function toAcknowledgement(id: RequestId, honoured: ListenFilter): JSONRPCNotification {
  const params = { notifications: honoured, _meta: { [META.subscriptionId]: id } }
  return { jsonrpc: '2.0', method: ACKNOWLEDGED, params }
}

/** The result of a listen request whose stream the gateway ends. */
export function toListenResult(
  id: RequestId,
  serverInfo?: Record<string, unknown>,
): Record<string, unknown> {
  return {
    resultType: 'complete',
    _meta: {
      [META.subscriptionId]: id,
      ...(serverInfo && { [META.serverInfo]: serverInfo }),
    },
  }
}

/** A legacy server's notification for the stream of listen request `id`. */
export function tagNotification(frame: Uint8Array, id: RequestId): Uint8Array {
  const [params, meta] = findSpans(frame, [['params'], ['params', '_meta']])
  const tag = { [META.subscriptionId]: id }
  if (meta !== undefined && frame[meta.start] === 0x7b) {
    const changes = { [META.subscriptionId]: JSON.stringify(id) }
    return splice(frame, editObject(frame, meta, changes))
  }
  if (params !== undefined) {
    return splice(frame, editObject(frame, params, { _meta: JSON.stringify(tag) }))
  }
  const root = { start: frame.indexOf(0x7b), end: frame.lastIndexOf(0x7d) + 1 }
  return splice(frame, editObject(frame, root, { params: JSON.stringify({ _meta: tag }) }))
}

/** A modern server's notification for a legacy session. Acknowledgements are not for it. */
export function untagNotification(frame: Uint8Array): Uint8Array {
  const [params, meta] = findSpans(frame, [['params'], ['params', '_meta']])
  if (params === undefined || meta === undefined || frame[meta.start] !== 0x7b) return frame
  const only = listMembers(frame, meta.start).every(({ key }) => key === META.subscriptionId)
  const edits = only
    ? editObject(frame, params, { _meta: undefined })
    : editObject(frame, meta, { [META.subscriptionId]: undefined })
  return splice(frame, edits)
}

/**
 * The listen request of a legacy session: all lists that the server announces to change, and the
 * resources that the session subscribed to. `undefined` when there is nothing to listen for.
 */
export function toListenRequest(
  id: RequestId,
  server: Record<string, unknown>,
  uris: readonly string[],
  client: ClientFacts,
): JSONRPCRequest | undefined {
  const notifications = honourFilter(
    {
      toolsListChanged: true,
      promptsListChanged: true,
      resourcesListChanged: true,
      ...(uris.length > 0 && { resourceSubscriptions: [...uris] }),
    },
    server,
  )
  if (Object.keys(notifications).length === 0) return undefined
  // A listen stream carries no log messages, so no level is asked for.
  const { logLevel: _level, ...facts } = client
  const params = { notifications, _meta: toRequestMeta(facts) }
  return { jsonrpc: '2.0', id, method: 'subscriptions/listen', params }
}
