/** What Hearth must know of a server's tools: which may be repeated, and which arguments headers repeat. */
import { isObject } from '#protocol/json-rpc.ts'
import { readAnnotations, type HeaderAnnotation } from '#protocol/x-mcp-header.ts'
import { Cursors } from './cursors.ts'

export interface ToolFacts {
  /** The tool says that it changes nothing. */
  isReadOnly: boolean
  /** The tool says that a repetition does no harm (tool annotations). */
  repeatable: boolean
  headers: readonly HeaderAnnotation[]
}

/** `ask` sends `tools/list` with the given params. */
export async function listTools(
  ask: (params: Record<string, unknown>) => Promise<Record<string, unknown>>,
): Promise<Map<string, ToolFacts>> {
  const facts = new Map<string, ToolFacts>()
  const cursors = new Cursors()
  let cursor: string | undefined
  do {
    const { tools, nextCursor } = await ask(cursor === undefined ? {} : { cursor })
    const [page, before] = [Array.isArray(tools) ? tools : [], facts.size]
    for (const tool of page) {
      if (!isObject(tool) || typeof tool.name !== 'string' || facts.has(tool.name)) continue
      facts.set(tool.name, readTool(tool))
    }
    cursor = cursors.next(nextCursor, page.length > 0 && facts.size === before)
  } while (cursor !== undefined)
  return facts
}

function readTool({ annotations, inputSchema }: Record<string, unknown>): ToolFacts {
  const hints = isObject(annotations) ? annotations : {}
  const read = readAnnotations(inputSchema)
  return {
    isReadOnly: hints.readOnlyHint === true,
    repeatable: hints.readOnlyHint === true || hints.idempotentHint === true,
    headers: read.ok ? read.annotations : [],
  }
}
