/** How often each tool was called by what a search had found, in the memory of this object: of tools that fit alike, people mean the one that they use. */

/** The one that was used least recently leaves. */
const MAX_TOOLS = 2_000

interface Tool {
  server: string
  /** As the server calls it. */
  name: string
}

export class ToolUses {
  readonly #counts = new Map<string, number>()

  note(tool: Tool): void {
    const key = keyOf(tool)
    const count = this.of(tool) + 1
    this.#counts.delete(key)
    this.#counts.set(key, count)
    const [oldest] = this.#counts.keys()
    if (oldest !== undefined && this.#counts.size > MAX_TOOLS) this.#counts.delete(oldest)
  }

  of(tool: Tool): number {
    return this.#counts.get(keyOf(tool)) ?? 0
  }
}

/** Names of servers hold no slash. */
function keyOf({ server, name }: Tool): string {
  return `${server}/${name}`
}
