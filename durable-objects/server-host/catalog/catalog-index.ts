/**
 * All lists of a tenant's servers as one: names both ways, in one stable order. Made anew when any
 * list changes. Pure.
 */
import type { CatalogSettings, CatalogTarget, ServerCatalog } from '#protocol/catalog.ts'
import type { Kind } from '#protocol/scopes.ts'
import { isOffered, keepListed, shownName, writeExposed, type Entry } from './entries.ts'
import { exposeTool, namesInterface } from './expose-answer.ts'
import type { ListKind } from '../translate/list-kinds.ts'
import { guessOrigin, nameAll, type Origin } from './naming.ts'
import {
  exposeListed,
  exposeURI,
  fromNamespaced,
  ownerOf,
  toTemplatePattern,
  type URIOwners,
} from './uris.ts'

/** One server's part. */
export interface ServerLists {
  server: string
  settings: ServerCatalog
  /** What it offers to anybody, by which things are named; a list that was never got is absent. */
  offered: Lists
  /** What of it is shown. */
  shown: Lists
}
export type Lists = Partial<Record<ListKind, readonly Entry[]>>

export interface CatalogEntry {
  server: string
  /** As the server calls it. */
  name: string
  /** As the catalog calls it. */
  exposed: string
  /** JSON as clients see it. */
  readonly text: string
}

type Listed = Origin & { entry: Entry; settings: ServerCatalog }

export class CatalogIndex {
  readonly #rules: CatalogSettings
  readonly #settings: ReadonlyMap<string, ServerCatalog>
  readonly #named: Record<'tools' | 'prompts', ReadonlyMap<string, Listed>>
  readonly #uris: URIOwners
  /** Servers whose resources and templates are known. */
  readonly #listed: ReadonlySet<string>
  #linksResources: boolean | undefined
  readonly #sorted: Record<ListKind, readonly CatalogEntry[]>

  constructor(parts: readonly ServerLists[], rules: CatalogSettings) {
    this.#rules = rules
    this.#settings = new Map(parts.map(({ server, settings }) => [server, settings]))
    this.#listed = new Set(
      parts.flatMap(({ server, offered: { resources, templates } }) =>
        resources === undefined || templates === undefined ? [] : [server],
      ),
    )
    const listed = (kind: ListKind): Listed[] => parts.flatMap((part) => listOf(part, kind))
    const [tools, prompts] = [listed('tools'), listed('prompts')]
    const [resources, templates] = [listed('resources'), listed('templates')]
    this.#named = { tools: nameAll(tools, rules), prompts: nameAll(prompts, rules) }
    this.#uris = toOwners([...resources, ...templates], templates)
    const byURI = (origins: Listed[]): [string, Listed][] =>
      origins.map((origin) => [exposeListed(this.#uris, origin.server, origin.name), origin])
    const show = (kind: ListKind, named: [string, Listed][]): CatalogEntry[] =>
      this.#sort(kind, showOnly(parts, kind, named))
    this.#sorted = {
      tools: show('tools', [...this.#named.tools]),
      prompts: show('prompts', [...this.#named.prompts]),
      resources: show('resources', byURI(resources)),
      templates: show('templates', byURI(templates)),
    }
  }

  /** Some tool names a resource that its user interface is in. */
  get linksResources(): boolean {
    const tools = [...this.#named.tools.values()]
    return (this.#linksResources ??= tools.some(({ entry }) => namesInterface(entry.text)))
  }

  knowsResourcesOf(server: string): boolean {
    return this.#listed.has(server)
  }

  /** By exposed name. */
  entries(kind: ListKind): readonly CatalogEntry[] {
    return this.#sorted[kind]
  }

  /**
   * What a client's name stands for. What no list has may be there all the same: a server may have
   * never been listed, or offer more to one session than to another.
   */
  find(kind: Kind, name: string): CatalogTarget | undefined {
    if (kind === 'resource') return this.#findResource(name)
    const list = kind === 'tool' ? 'tools' : 'prompts'
    const found = this.#named[list].get(name) ?? this.#guess(list, name)
    return found && { server: found.server, name: found.name }
  }

  /** What a URI that a server names in an answer is called in the catalog. */
  exposeURI(server: string, uri: string): string {
    return exposeURI(this.#uris, server, uri)
  }

  #guess(kind: 'tools' | 'prompts', exposed: string): Origin | undefined {
    const origin = guessOrigin(exposed, [...this.#settings.keys()], this.#rules)
    const settings = origin && this.#settings.get(origin.server)
    if (origin === undefined || settings === undefined) return undefined
    return isOffered(origin.name, kind, settings) ? origin : undefined
  }

  /** Stable whatever the order in which servers answer: a model's cache of the list stays good. */
  #sort(kind: ListKind, named: [string, Listed][]): CatalogEntry[] {
    const write = (exposed: string, { server, entry, settings }: Listed): string => {
      const text = writeExposed(entry, kind, exposed, settings)
      return kind === 'tools' ? exposeTool(text, (uri) => this.exposeURI(server, uri)) : text
    }
    return named
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([exposed, origin]) => {
        const { server, name } = origin
        let text: string | undefined
        return {
          ...{ server, name, exposed },
          get text() {
            return (text ??= write(exposed, origin))
          },
        }
      })
  }

  #findResource(uri: string): CatalogTarget | undefined {
    const own = fromNamespaced(uri)
    if (own !== undefined && this.#settings.has(own.server)) {
      return { server: own.server, name: own.uri }
    }
    const server = ownerOf(this.#uris, uri)
    return server === undefined ? undefined : { server, name: uri }
  }
}

function listOf({ server, settings, offered }: ServerLists, kind: ListKind): Listed[] {
  return keepListed(offered[kind] ?? [], kind, settings).map((entry) => {
    const shown = shownName(entry, kind, settings)
    return {
      server,
      name: entry.name,
      entry,
      settings,
      ...(shown !== undefined && { shown }),
    }
  })
}

/** What is shown, as it is shown, under the names that were found for all that is offered. */
function showOnly(
  parts: readonly ServerLists[],
  kind: ListKind,
  named: [string, Listed][],
): [string, Listed][] {
  const shown = new Map(
    parts.map(({ server, shown }) => {
      return [server, new Map((shown[kind] ?? []).map((entry) => [entry.name, entry]))]
    }),
  )
  return named.flatMap(([exposed, origin]): [string, Listed][] => {
    const entry = shown.get(origin.server)?.get(origin.name)
    return entry === undefined ? [] : [[exposed, { ...origin, entry }]]
  })
}

function toOwners(listed: readonly Listed[], templates: readonly Listed[]): URIOwners {
  const owners = new Map<string, string[]>()
  for (const { server, name } of listed) {
    const known = owners.get(name)
    if (known === undefined) owners.set(name, [server])
    else if (!known.includes(server)) known.push(server)
  }
  const patterns = templates.map(({ server, name }) => {
    return { server, pattern: toTemplatePattern(name) }
  })
  return { owners, templates: patterns }
}
