/** Which tools of a server say that they only read. */
import { BoundedMap } from '#protocol/bounded-map.ts'
import type { AskTools, KnownTools, ToolsOwner } from '../../processes/tools.ts'

/** A server that could not be asked is left alone for so long; until then nothing of it is kept. */
const FACTS_RETRY_MS = 10_000
const MAX_FAILED = 256

export type AskFor = (server: string, principal: string) => AskTools

export class ReadOnlyTools {
  readonly #tools: KnownTools
  readonly #askFor: AskFor
  /** When servers could not be asked, by launch digest. */
  readonly #failedAt = new BoundedMap<string, number>(MAX_FAILED)

  constructor(tools: KnownTools, askFor: AskFor) {
    this.#tools = tools
    this.#askFor = askFor
  }

  /** At once where it is known. */
  isReadOnly(owner: ToolsOwner, principal: string, tool: string): boolean | Promise<boolean> {
    const known = this.#tools.peek(owner)
    if (known !== undefined) return known.get(tool)?.isReadOnly === true
    const failedAt = this.#failedAt.get(owner.launch.digest) ?? -Infinity
    if (Date.now() < failedAt + FACTS_RETRY_MS) return false
    return this.#ask(owner, principal, tool)
  }

  /** Their servers may be asked at once. */
  retry(): void {
    this.#failedAt.clear()
  }

  async #ask(owner: ToolsOwner, principal: string, tool: string): Promise<boolean> {
    const askedAt = Date.now()
    const tools = await this.#tools
      .of(owner, this.#askFor(owner.name, principal))
      .catch(() => undefined)
    // Its tools are not known: each of its calls is carried out.
    if (this.#tools.peek(owner) === undefined) this.#failedAt.set(owner.launch.digest, askedAt)
    return tools?.get(tool)?.isReadOnly === true
  }
}
