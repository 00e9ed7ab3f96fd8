/** How often each tool was called by what a search had found, in the memory of this object: of tools that fit alike, people mean the one that they use. */
import { BoundedMap } from '#protocol/bounded-map.ts'

/** The one that was used least recently leaves. */
const MAX_TOOLS = 2_000

interface Tool {
  server: string
  /** As the server calls it. */
  name: string
}

export class ToolUses {
  readonly #counts = new BoundedMap<string, number>(MAX_TOOLS)

  note(tool: Tool): void {
    this.#counts.set(keyOf(tool), this.of(tool) + 1)
  }

  of(tool: Tool): number {
    return this.#counts.get(keyOf(tool)) ?? 0
  }
}

/** Names of servers hold no slash. */
function keyOf({ server, name }: Tool): string {
  return `${server}/${name}`
}
