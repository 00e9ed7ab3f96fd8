/** What Hearth must know of a server's tools: which may be repeated, and which arguments headers repeat. */
import { isObject } from '#protocol/json-rpc.ts'
import { readAnnotations, type HeaderAnnotation } from '#protocol/x-mcp-header.ts'

export interface ToolFacts {
  /** The tool says that it changes nothing. */
  isReadOnly: boolean
  /** The tool says that a repetition does no harm (tool annotations). */
  repeatable: boolean
  headers: readonly HeaderAnnotation[]
}

/** A server that lists more pages than this is read no further. */
const MAX_PAGES = 50

/** `ask` sends `tools/list` with the given params. */
export async function listTools(
  ask: (params: Record<string, unknown>) => Promise<Record<string, unknown>>,
): Promise<Map<string, ToolFacts>> {
  const facts = new Map<string, ToolFacts>()
  let cursor: unknown
  for (let page = 0; page < MAX_PAGES; page++) {
    const { tools, nextCursor } = await ask(cursor === undefined ? {} : { cursor })
    for (const tool of Array.isArray(tools) ? tools : []) {
      if (isObject(tool) && typeof tool.name === 'string') facts.set(tool.name, readTool(tool))
    }
    cursor = nextCursor
    if (typeof cursor !== 'string') break
  }
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
