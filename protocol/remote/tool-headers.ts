/** Which arguments of a server's tools are repeated in headers, as far as its lists have told. */
import { isObject } from '../json-rpc.ts'
import { readAnnotations, type HeaderAnnotation } from '../x-mcp-header.ts'

/** Tools with such arguments. */
const MAX_ANNOTATED_TOOLS = 1_000

export class ToolHeaders {
  readonly #byTool = new Map<string, readonly HeaderAnnotation[]>()

  of(tool: unknown): readonly HeaderAnnotation[] {
    return (typeof tool === 'string' ? this.#byTool.get(tool) : undefined) ?? []
  }

  /** Takes the result of a `tools/list`, one page of it. Returns the cursor of the next one. */
  learn(result: unknown): string | undefined {
    if (!isObject(result)) return undefined
    for (const tool of Array.isArray(result.tools) ? result.tools : []) {
      if (isObject(tool) && typeof tool.name === 'string') this.#note(tool.name, tool.inputSchema)
    }
    return typeof result.nextCursor === 'string' ? result.nextCursor : undefined
  }

  #note(name: string, inputSchema: unknown): void {
    const read = readAnnotations(inputSchema)
    const annotations = read.ok ? read.annotations : []
    this.#byTool.delete(name)
    if (annotations.length === 0 || this.#byTool.size >= MAX_ANNOTATED_TOOLS) return
    this.#byTool.set(name, annotations)
  }
}
