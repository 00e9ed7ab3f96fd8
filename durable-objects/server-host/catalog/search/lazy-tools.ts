/** A catalog of two tools: `find_tools` finds among all that its caller may use, `call_tool` runs one. */
import type { CatalogView } from '#protocol/catalog.ts'
import type { HostCall } from '#protocol/host-call.ts'
import type { Savings } from '#protocol/tool-pins.ts'
import type { ListRequest } from '../list-request.ts'
import type { CatalogEntry } from '../catalog-index.ts'
import { writePage, type Incomplete, type Missing } from '../page.ts'
import { CALL_TOOL_DEFINITION, findToolsDefinition, LAZY_INSTRUCTIONS } from './definitions.ts'
import { readQuestion, toFound, toToolError } from './found.ts'
import { countSavings, SAVINGS_META } from './savings.ts'
import { ToolUses } from './tool-uses.ts'
import { ToolSearch } from './tool-search.ts'
import type { ToolSearchStore } from './search-store.ts'

/** The tools of a catalog as one principal sees them. */
export interface SeenTools {
  /** All of them; the same object while the list is the same. */
  listed: readonly CatalogEntry[]
  visible: readonly CatalogEntry[]
  missing: readonly Missing[]
  incomplete: readonly Incomplete[]
}

export interface LazyToolsOptions {
  store: ToolSearchStore
  see: (request: ListRequest) => Promise<SeenTools>
  /** An entry as it is shown. */
  show: (entry: CatalogEntry) => string
}

export class LazyTools {
  readonly #options: LazyToolsOptions
  readonly #search: ToolSearch
  readonly #uses = new ToolUses()

  constructor(options: LazyToolsOptions) {
    this.#options = options
    this.#search = new ToolSearch(options.store, this.#uses)
  }

  /** The result of `tools/list`, as JSON. */
  async list(request: ListRequest): Promise<string> {
    const { visible, missing, incomplete } = await this.#options.see(request)
    const shown = lazyEntries(request.view)
    const texts = visible.map((entry) => this.#options.show(entry))
    const savings = countSavings(
      texts,
      shown.map(({ text }) => text),
    )
    return writePage(shown, 'tools', {
      ...{ era: request.era, cursor: request.cursor, pageSize: shown.length },
      ...{ missing, incomplete },
      meta: { [SAVINGS_META]: savings },
    })
  }

  /** The result of a call of `find_tools`, as JSON. */
  async find(request: ListRequest, args: unknown): Promise<string> {
    const result = await this.#find(request, args)
    return JSON.stringify(request.era === 'modern' ? { resultType: 'complete', ...result } : result)
  }

  /** A call on its way, of a tool that was found. */
  noteUse({ server, target, catalog }: HostCall): void {
    if (catalog?.isWrapped === true && target !== undefined) {
      this.#uses.note({ server, name: target })
    }
  }

  savings(tools: readonly CatalogEntry[], view: CatalogView): Savings {
    const texts = tools.map((entry) => this.#options.show(entry))
    return countSavings(
      texts,
      lazyEntries(view).map(({ text }) => text),
    )
  }

  async #find(request: ListRequest, args: unknown): Promise<Record<string, unknown>> {
    const question = readQuestion(args)
    if (typeof question === 'string') return toToolError(question)
    const { query, limit, server } = question
    const { servers = [] } = request.view
    if (server !== undefined && !servers.includes(server)) {
      return toToolError(`There is no server "${server}". There are: ${servers.join(', ')}`)
    }
    const { listed, visible, missing } = await this.#options.see(request)
    const searched =
      server === undefined ? visible : visible.filter((entry) => entry.server === server)
    const { entries, isGuess } = this.#search.find({
      ...{ listed, visible: searched, question: query, limit },
    })
    const failed = missing.filter((one) => server === undefined || one.server === server)
    return toFound(
      entries.map((entry) => this.#options.show(entry)),
      failed,
      isGuess,
    )
  }
}

/** What a catalog says of itself, with what a model needs to know first. */
export function addLazyInstructions<F extends { instructions?: string }>(
  facts: F,
  { isLazy }: CatalogView,
): F {
  if (isLazy !== true) return facts
  const { instructions } = facts
  const all = instructions === undefined ? '' : `\n\n${instructions}`
  return { ...facts, instructions: LAZY_INSTRUCTIONS + all }
}

/** The two of them, by name, as a list is. */
export function lazyEntries({ servers = [] }: CatalogView): CatalogEntry[] {
  return [CALL_TOOL_DEFINITION, findToolsDefinition(servers)].map((definition) => {
    const exposed = String(definition.name)
    return { server: '', name: exposed, exposed, text: JSON.stringify(definition) }
  })
}
