/** What is asked of the catalog when one of its lists is. */
import type { CatalogView } from '#protocol/catalog.ts'
import type { Era } from '#protocol/mcp.ts'
import type { CatalogEntry, Lists } from './catalog-index.ts'
import type { ListKind } from '../translate/list-kinds.ts'

export interface Listening {
  /** The client has just been shown a whole list. */
  noteShown: (kind: ListKind, entries: readonly CatalogEntry[]) => void
  stop: () => void
}

/** Who asks for a list, and for what of it. */
export interface ListRequest {
  era: Era
  principal: string
  /** Of the client, as canonical JSON in the modern form: a server may offer more to one that can do more. */
  capabilities: string
  view: CatalogView
  cursor: unknown
  /** Of a client that hears of changes. */
  listening?: Pick<Listening, 'noteShown'>
  /** Lists that a session's own processes offer in the place of the server's, by server. */
  own?: ReadonlyMap<string, Lists>
}
