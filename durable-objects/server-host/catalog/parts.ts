/** Each server's part of the catalog, as far as it is known. */
import type { Server, Servers } from '../processes/servers.ts'
import type { Lists, ServerLists } from './catalog-index.ts'
import type { Entry } from './entries.ts'
import { LIST_KINDS, type ListKind } from '../translate/list-kinds.ts'
import type { Variants } from './lists/variants.ts'

export interface PartsRequest {
  principal: string
  capabilities: string
  /** Lists that a session's own processes offer in the place of the server's, by server. */
  own?: ReadonlyMap<string, Lists> | undefined
}

export function collectParts(
  servers: Pick<Servers, 'all' | 'factsOf' | 'peek'>,
  variantsOf: (server: Server) => Variants,
  { principal, capabilities, own }: PartsRequest,
): ServerLists[] {
  return servers.all.flatMap(({ name: server }): ServerLists[] => {
    const facts = servers.factsOf(server, principal)
    if (facts?.config.catalog.isListed !== true) return []
    const known = servers.peek(server, principal)
    const variants = known && variantsOf(known)
    const mine = own?.get(server)
    const offered = collect((kind) => variants?.peekAny(kind))
    const shown = collect((kind) => mine?.[kind] ?? variants?.peek(kind, capabilities))
    return [{ server, settings: facts.config.catalog, offered: addOwn(offered, mine), shown }]
  })
}

function collect(peek: (kind: ListKind) => readonly Entry[] | undefined): Lists {
  return Object.fromEntries(
    LIST_KINDS.flatMap((kind) => {
      const entries = peek(kind)
      return entries === undefined ? [] : [[kind, entries]]
    }),
  )
}

/** A session's own entries need names, too. */
function addOwn(offered: Lists, own: Lists | undefined): Lists {
  if (own === undefined) return offered
  return collect((kind) => {
    const mine = own[kind]
    if (mine === undefined) return offered[kind]
    const names = new Set(mine.map(({ name }) => name))
    return [...mine, ...(offered[kind] ?? []).filter(({ name }) => !names.has(name))]
  })
}
