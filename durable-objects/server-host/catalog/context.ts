/** What the catalog is made of. */
import type { EraProbe } from '../processes/eras.ts'
import type { Servers } from '../processes/servers.ts'
import type { StartStateOf } from '../processes/start-state.ts'
import type { ToolSearchStore } from './search/search-store.ts'
import type { LateStore } from './lists/late-store.ts'
import type { ListsStore } from './lists/lists-store.ts'
import type { Pins } from './pins/pins.ts'

export interface CatalogContext {
  servers: Servers
  eras: EraProbe
  pins: Pins
  store: { lists: ListsStore; late: LateStore; toolSearch: ToolSearchStore }
  /** Whether a server can be reached without starting a container, as far as is known here. */
  isUp: (server: string) => boolean
  /** How far its start is, as far as its host program says. */
  startOf: StartStateOf
}
