import type { RequestId } from '#protocol/json-rpc.ts'
import { META } from '#protocol/mcp.ts'
import { editObject, findSpans, listMembers, splice } from '#protocol/json-splice.ts'

export interface LegacyRequestOptions {
  /** The id that is free on the process's channel. */
  id: RequestId
  /** Takes the place of the client's progress token. Leave out where the client sent none. */
  progressToken?: RequestId
}

const RESERVED: ReadonlySet<string> = new Set(Object.values(META))

/**
 * A modern request as a legacy server takes it: its own id and progress token, without the
 * reserved `_meta` keys and without what belongs to a retry. The rest stays as the client wrote it.
 */
export function toLegacyRequest(frame: Uint8Array, options: LegacyRequestOptions): Uint8Array {
  const [id, params, meta] = findSpans(frame, [['id'], ['params'], ['params', '_meta']])
  const edits = id === undefined ? [] : [{ span: id, text: JSON.stringify(options.id) }]
  if (params === undefined) return splice(frame, edits)

  const token = options.progressToken
  const metaKeys = meta === undefined ? [] : listMembers(frame, meta.start).map(({ key }) => key)
  const metaChanges = Object.fromEntries(
    metaKeys.filter((key) => RESERVED.has(key)).map((key) => [key, undefined]),
  )
  const withToken = token === undefined ? {} : { progressToken: JSON.stringify(token) }
  const metaGoes = token === undefined && metaKeys.every((key) => RESERVED.has(key))
  const metaComes = token !== undefined && (meta === undefined || frame[meta.start] !== 0x7b)

  edits.push(
    ...editObject(frame, params, {
      inputResponses: undefined,
      requestState: undefined,
      ...(metaGoes && { _meta: undefined }),
      ...(metaComes && { _meta: JSON.stringify({ progressToken: token }) }),
    }),
  )
  if (meta !== undefined && !metaGoes && !metaComes) {
    edits.push(...editObject(frame, meta, { ...metaChanges, ...withToken }))
  }
  return splice(frame, edits)
}
