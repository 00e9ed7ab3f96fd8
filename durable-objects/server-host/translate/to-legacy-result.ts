import type { RequestId } from '#protocol/json-rpc.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { META } from '#protocol/mcp.ts'
import type { Edit } from '#protocol/json-splice.ts'
import { editObject, findSpans, listMembers, readValue, splice } from '#protocol/json-splice.ts'

/** `unknown`: a result type of an extension, which no legacy client can read. */
export type ResultType = 'complete' | 'input_required' | 'unknown'

/** What a modern server's response is. A result without a type is complete. */
export function resultTypeOf(frame: Uint8Array): ResultType {
  const [type] = findSpans(frame, [['result', 'resultType']])
  if (type === undefined) return 'complete'
  const value = readValue(frame, type)
  return value === 'complete' || value === 'input_required' ? value : 'unknown'
}

/** A modern server's complete result as a legacy client takes it. The payload stays as it came. */
export function toLegacyResult(
  frame: Uint8Array,
  options: { id: RequestId; method: string },
): Uint8Array {
  const [id, result, meta, structured, tools] = findSpans(frame, [
    ['id'],
    ['result'],
    ['result', '_meta'],
    ['result', 'structuredContent'],
    ['result', 'tools'],
  ])
  const edits: Edit[] = id === undefined ? [] : [{ span: id, text: JSON.stringify(options.id) }]
  if (result === undefined) return splice(frame, edits)

  const isMetaObject = meta !== undefined && frame[meta.start] === 0x7b
  const metaGoes =
    isMetaObject && listMembers(frame, meta.start).every(({ key }) => key === META.serverInfo)
  edits.push(
    ...editObject(frame, result, {
      resultType: undefined,
      ttlMs: undefined,
      cacheScope: undefined,
      ...(metaGoes && { _meta: undefined }),
    }),
  )
  if (isMetaObject && !metaGoes) {
    edits.push(...editObject(frame, meta, { [META.serverInfo]: undefined }))
  }
  // Until 2025-11-25 structured content is an object.
  if (
    structured !== undefined &&
    options.method === 'tools/call' &&
    frame[structured.start] !== 0x7b
  ) {
    edits.push({ span: { start: structured.start, end: structured.start }, text: '{"result":' })
    edits.push({ span: { start: structured.end, end: structured.end }, text: '}' })
  }
  if (tools !== undefined && options.method === 'tools/list') {
    const text = toLegacyTools(readValue(frame, tools))
    if (text !== undefined) edits.push({ span: tools, text })
  }
  return splice(frame, edits)
}

/**
 * Tools without the output schemas that describe no object: they would not fit the wrapped content.
 * `undefined` when there are none.
 */
function toLegacyTools(tools: unknown): string | undefined {
  if (!Array.isArray(tools) || !tools.some(hasForeignOutput)) return undefined
  return JSON.stringify(
    tools.map((tool: unknown) => {
      if (!isObject(tool) || !hasForeignOutput(tool)) return tool
      const { outputSchema: _schema, ...rest } = tool
      return rest
    }),
  )
}

function hasForeignOutput(tool: unknown): boolean {
  if (!isObject(tool) || tool.outputSchema === undefined) return false
  return !isObject(tool.outputSchema) || tool.outputSchema.type !== 'object'
}
