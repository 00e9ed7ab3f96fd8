/** What of the catalog a principal sees. Pure. */
import { accessTo, allows, maySeeServer, type Access } from '#protocol/access.ts'
import type { CatalogView } from '#protocol/catalog.ts'
import { mayAllowTemplate } from '#protocol/uri-template.ts'
import type { CatalogEntry } from './catalog-index.ts'
import { LISTS, type ListKind } from './kinds.ts'

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

/** Whether a change of one of these servers is any of a client's business. */
export function concernsView(
  { servers = [], grants }: CatalogView,
  changed: readonly string[],
): boolean {
  return changed.some((server) => {
    return servers.includes(server) || grants === undefined || maySeeServer(grants, server)
  })
}
