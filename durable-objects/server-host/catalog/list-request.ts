/** What is asked of the catalog when one of its lists is. */
import type { CatalogView } from '#protocol/catalog.ts'
import type { Era } from '#protocol/mcp.ts'
import type { Listening } from './announcer.ts'
import type { Lists } from './catalog-index.ts'

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
