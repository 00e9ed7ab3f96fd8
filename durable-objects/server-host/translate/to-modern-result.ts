import type { RequestId } from '#protocol/json-rpc.ts'
import { CACHEABLE_METHODS, META } from '#protocol/mcp.ts'
import { editObject, findSpans, splice } from '#protocol/json-splice.ts'

/**
 * How long a client may keep a translated list or resource. A legacy server promises nothing about
 * freshness, so: not at all. Milliseconds.
 */
export const RESULT_TTL_MS = 0

/** `private`: nobody has said that a legacy server answers all its callers alike. */
export const RESULT_CACHE_SCOPE = 'private'

export interface ModernResultOptions {
  /** The client's id. */
  id: RequestId
  method: string
  /** `serverInfo` of the server's InitializeResult. */
  serverInfo?: Record<string, unknown>
}

/** A legacy server's successful response as a modern client takes it. The payload stays as it came. */
export function toModernResult(frame: Uint8Array, options: ModernResultOptions): Uint8Array {
  const paths = [['id'], ['result'], ['result', '_meta']]
  const [id, result, meta] = findSpans(frame, paths)
  const edits = id === undefined ? [] : [{ span: id, text: JSON.stringify(options.id) }]
  if (result === undefined) return splice(frame, edits)

  const { serverInfo } = options
  const isMetaObject = meta !== undefined && frame[meta.start] === 0x7b
  const stamp = serverInfo && { [META.serverInfo]: JSON.stringify(serverInfo) }
  edits.push(
    ...editObject(frame, result, {
      resultType: '"complete"',
      ...(CACHEABLE_METHODS.has(options.method) && {
        ttlMs: String(RESULT_TTL_MS),
        cacheScope: JSON.stringify(RESULT_CACHE_SCOPE),
      }),
      ...(stamp && !isMetaObject && { _meta: JSON.stringify({ [META.serverInfo]: serverInfo }) }),
    }),
  )
  if (stamp && isMetaObject) edits.push(...editObject(frame, meta, stamp))
  return splice(frame, edits)
}
