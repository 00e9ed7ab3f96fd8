/** What Hearth must know of a server's tools: which may be repeated, and which arguments headers repeat. */
import { BoundedMap } from '#protocol/bounded-map.ts'
import { GatewayError } from '#protocol/errors.ts'
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

export type Tools = ReadonlyMap<string, ToolFacts>

/** Sends `tools/list` with the given params. */
export type AskTools = (params: Record<string, unknown>) => Promise<Record<string, unknown>>

/** A server as it is started. */
export interface ToolsOwner {
  name: string
  launch: { name: string; digest: string }
}

interface Known {
  server: string
  listing: Promise<Tools>
  /** Once it has answered. */
  tools?: Tools
}

/** Servers, and principals of personal ones; the one that was asked first leaves. */
const MAX_KNOWN = 256
const NONE: Tools = new Map()

/** Of a tenant's servers: each is asked once, and again after its tools have changed. */
export class KnownTools {
  /** By launch. */
  readonly #known = new BoundedMap<string, Known>(MAX_KNOWN)

  /** Without a question. */
  peek(owner: ToolsOwner): Tools | undefined {
    return this.#known.get(keyOf(owner))?.tools
  }

  /**
   * Asks once for all who want to know. Of a server that refuses to tell, nothing is known, and it is asked
   * again next time. Rejects where it could not be asked.
   */
  async of(owner: ToolsOwner, ask: AskTools): Promise<Tools> {
    const key = keyOf(owner)
    for (let other = this.#known.get(key); other !== undefined; other = this.#known.get(key)) {
      const tools = await other.listing.catch(() => undefined)
      if (tools !== undefined) return tools
    }
    const known: Known = { server: owner.name, listing: listTools(ask) }
    this.#known.set(key, known)
    try {
      return (known.tools = await known.listing)
    } catch (error) {
      if (this.#known.get(key) === known) this.#known.delete(key)
      if (GatewayError.is(error)) throw error
      return NONE
    }
  }

  /** Whether a tool says that a repetition does no harm. Without `ask`: as far as it is known. */
  async isRepeatable(owner: ToolsOwner, tool = '', ask?: AskTools): Promise<boolean> {
    const tools = this.peek(owner) ?? (ask && (await this.of(owner, ask)))
    return tools?.get(tool)?.repeatable === true
  }

  /** They have changed. */
  forget(server: string): void {
    for (const [key, known] of this.#known) if (known.server === server) this.#known.delete(key)
  }
}

function keyOf({ launch: { name, digest } }: ToolsOwner): string {
  return `${name} ${digest}`
}

export async function listTools(ask: AskTools): Promise<Map<string, ToolFacts>> {
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
