/** Which tools of a server say that they only read; asked for once, and again after they changed. */
import type { ToolFacts } from '../../processes/tools.ts'

/** A server that could not be asked is left alone for so long; until then nothing of it is kept. */
const FACTS_RETRY_MS = 10_000
/** Servers, and principals of personal ones; the one that was asked first leaves. */
const MAX_FACTS = 256

export type ListTools = (server: string, principal: string) => Promise<Map<string, ToolFacts>>

interface Known {
  server: string
  askedAt: number
  /** `undefined` while it is asked, and when it could not be. */
  tools?: Map<string, ToolFacts>
  asking?: Promise<void>
}

export class ReadOnlyTools {
  readonly #list: ListTools
  /** By launch digest. */
  readonly #known = new Map<string, Known>()

  constructor(list: ListTools) {
    this.#list = list
  }

  /** At once where it is known. */
  isReadOnly(
    { server, digest, principal }: { server: string; digest: string; principal: string },
    tool: string,
  ): boolean | Promise<boolean> {
    const known = this.#known.get(digest)
    if (known?.tools !== undefined) return known.tools.get(tool)?.isReadOnly === true
    if (known?.asking !== undefined) {
      return known.asking.then(() => known.tools?.get(tool)?.isReadOnly === true)
    }
    if (known !== undefined && Date.now() < known.askedAt + FACTS_RETRY_MS) return false
    const asked: Known = { server, askedAt: Date.now() }
    asked.asking = this.#ask(asked, principal)
    this.#known.set(digest, asked)
    const [oldest] = this.#known.keys()
    if (oldest !== undefined && this.#known.size > MAX_FACTS) this.#known.delete(oldest)
    return asked.asking.then(() => asked.tools?.get(tool)?.isReadOnly === true)
  }

  forget(server: string): void {
    for (const [digest, known] of this.#known)
      if (known.server === server) this.#known.delete(digest)
  }

  async #ask(asked: Known, principal: string): Promise<void> {
    try {
      asked.tools = await this.#list(asked.server, principal)
    } catch {
      // Its tools are not known: each of its calls is carried out.
    } finally {
      delete asked.asking
    }
  }
}
