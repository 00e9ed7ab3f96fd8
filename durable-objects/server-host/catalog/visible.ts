/** What of the catalog a principal sees. Pure. */
import { accessTo, allows, holdsScope, maySeeServer, type Access } from '#protocol/access.ts'
import type { CatalogSettings, CatalogView } from '#protocol/catalog.ts'
import type { Grants } from '#protocol/scopes.ts'
import { mayAllowTemplate } from '#protocol/uri-template.ts'
import type { CatalogEntry } from './catalog-index.ts'
import { LISTS, type ListKind } from '../translate/list-kinds.ts'

export function keepVisible(
  entries: readonly CatalogEntry[],
  kind: ListKind,
  { servers = [], grants }: CatalogView,
): CatalogEntry[] {
  const visible = new Set(servers)
  const accesses = new Map<string, Access>()
  const accessOn = (server: string): Access | undefined => {
    if (grants === undefined) return undefined
    const known = accesses.get(server) ?? accessTo(grants, server, LISTS[kind].access)
    accesses.set(server, known)
    return known
  }
  return entries.filter(({ server, name }) => {
    if (!visible.has(server)) return false
    const access = accessOn(server)
    if (access === undefined) return true
    return kind === 'templates' ? mayAllowTemplate(access, name) : allows(access, name)
  })
}

/** What may be seen of the servers that there are now, by the grants that the client had when it asked last. */
export function renewView(
  view: CatalogView,
  configured: readonly { name: string; requiredScopes: readonly string[] }[],
  tools: CatalogSettings['tools'],
): CatalogView {
  if (view.servers === undefined) return view
  const { isLazy = false } = view
  const { grants = EVERYTHING } = view
  const seen = configured.filter(({ name, requiredScopes }) => {
    return maySeeServer(grants, name) && requiredScopes.every((scope) => holdsScope(grants, scope))
  })
  return {
    ...view,
    servers: seen.map(({ name }) => name),
    isLazy: view.followsTenant === true ? tools === 'lazy' : isLazy,
  }
}

const EVERYTHING: Grants = { scopes: ['*'] }
