import type { RequestId } from '#protocol/json-rpc.ts'
import { LATEST_MODERN, META } from '#protocol/mcp.ts'
import { editObject, findSpans, splice } from '#protocol/json-splice.ts'
import { withoutTasks } from './discover.ts'

/** What a legacy session says about its client, and each modern request has to say again. */
export interface ClientFacts {
  /** From `toModernCapabilities`. */
  capabilities: Record<string, unknown>
  clientInfo?: Record<string, unknown>
  /** The level of the session's last `logging/setLevel`; without it the server sends no logs. */
  logLevel?: string
}

/** A legacy client's capabilities for a modern server. `roots`: see `LegacyInitialize.roots`. */
export function toModernCapabilities(
  legacy: Record<string, unknown>,
  roots: boolean,
): Record<string, unknown> {
  const { roots: declared, ...capabilities } = withoutTasks(legacy)
  // `listChanged` went with notifications/roots/list_changed.
  return roots && declared !== undefined ? { ...capabilities, roots: {} } : capabilities
}

export function toRequestMeta(client: ClientFacts): Record<string, unknown> {
  return {
    [META.protocolVersion]: LATEST_MODERN,
    [META.clientCapabilities]: client.capabilities,
    ...(client.clientInfo && { [META.clientInfo]: client.clientInfo }),
    ...(client.logLevel !== undefined && { [META.logLevel]: client.logLevel }),
  }
}

/**
 * A legacy request as a modern server takes it. Its progress token and its own `_meta` keys stay;
 * reserved keys that the client wrote itself do not.
 */
export function toModernRequest(
  frame: Uint8Array,
  options: ClientFacts & { id: RequestId },
): Uint8Array {
  const paths = [['id'], ['params'], ['params', '_meta']]
  const [id, params, meta] = findSpans(frame, paths)
  const edits = id === undefined ? [] : [{ span: id, text: JSON.stringify(options.id) }]
  const stamped = toRequestMeta(options)

  if (params === undefined) {
    const root = { start: frame.indexOf(0x7b), end: frame.lastIndexOf(0x7d) + 1 }
    edits.push(...editObject(frame, root, { params: JSON.stringify({ _meta: stamped }) }))
    return splice(frame, edits)
  }
  if (meta === undefined || frame[meta.start] !== 0x7b) {
    const changes = { task: undefined, _meta: JSON.stringify(stamped) }
    return splice(frame, [...edits, ...editObject(frame, params, changes)])
  }
  const reserved = Object.values(META).map((key) => {
    return [key, stamped[key] === undefined ? undefined : JSON.stringify(stamped[key])] as const
  })
  edits.push(...editObject(frame, params, { task: undefined }))
  edits.push(...editObject(frame, meta, Object.fromEntries(reserved)))
  return splice(frame, edits)
}
