/** What a client at the URL of one server sees of its lists, by what is known of them. Asks nobody. */
import type { CatalogContext } from './context.ts'
import { keepListed } from './entries.ts'
import { announcedCapabilities } from './facts.ts'
import { LISTS, type ListKind } from '../translate/list-kinds.ts'
import type { KnownLists } from './lists/known-lists.ts'
import type { LoneAudience } from './single-server-listeners.ts'
import type { Seen } from './sight.ts'
import { keepVisible } from './visible.ts'

/** `undefined`: nothing is known. */
export function peekLone(
  { servers, eras, pins }: Pick<CatalogContext, 'servers' | 'eras' | 'pins'>,
  lists: Pick<KnownLists, 'of'>,
  kind: ListKind,
  { server: name, principal, capabilities, grants }: LoneAudience,
): readonly Seen[] | undefined {
  const server = servers.peek(name, principal)
  if (server === undefined) return undefined
  const spoken = eras.known(server)
  const offers =
    spoken === undefined || LISTS[kind].capability in announcedCapabilities(spoken, name)
  const known = offers ? lists.of(server).peek(kind, capabilities) : []
  if (known === undefined) return undefined
  const { catalog } = server.config
  const isNarrowed = kind === 'tools' && catalog.tools?.everywhere === true
  const listed = isNarrowed ? keepListed(known, kind, catalog) : known
  const entries = listed.map((entry) => ({ server: name, exposed: entry.name, ...entry }))
  const visible = keepVisible(entries, kind, { servers: [name], ...(grants && { grants }) })
  if (kind !== 'tools') return visible
  const usable = visible.filter((tool) => !pins.isHidden(name, tool.name))
  return usable.map((tool) => ({ ...tool, text: pins.mark(name, tool.name, tool.text) }))
}
