/** What the parts of one server host share; made once in its constructor. */
import type { Catalog } from './catalog/catalog.ts'
import type { Pins } from './catalog/pins/pins.ts'
import type { Credentials } from './call/credentials.ts'
import type { Unread } from './call/unread.ts'
import type { IdleStreams } from './call/idle-streams.ts'
import type { EraProbe } from './processes/eras.ts'
import type { LineLog } from './call/line-log.ts'
import type { Links } from './processes/link/links.ts'
import type { RemoteChannels } from './processes/remote/remote-channels.ts'
import type { Servers } from './processes/servers.ts'
import type { SharedServers } from './processes/shared-server.ts'
import type { KnownTools } from './processes/tools.ts'
import type { StartStateOf } from './processes/start-state.ts'
import type { Store } from './store/store.ts'
import type { Ticker } from './processes/ticker.ts'
import type { ClientCall } from './call/client-call.ts'
import type { Guards } from './guard/guards.ts'
import type { Transforms } from './transform/transforms.ts'
import type { Routing } from './routing/routing.ts'

export interface HostContext {
  store: Store
  links: Links
  /** Sessions with servers that are reached from here, without a link. */
  remotes: RemoteChannels
  ticker: Ticker
  servers: Servers
  /** Those of them that have one process for all. */
  shared: SharedServers
  /** What is known of their tools. */
  tools: KnownTools
  eras: EraProbe
  credentials: Credentials
  /** What clients have not read yet. */
  unread: Unread
  idleStreams: IdleStreams
  guards: Guards
  routing: Routing
  catalog: Catalog
  pins: Pins
  transforms: Transforms
  /** Calls in flight, of every session. */
  calls: Set<ClientCall>
  keepAliveMs: number
  /** Whether a server can be reached without starting a container, as far as is known here. */
  isUp: (server: string) => boolean
  /** How far its start is, as far as its host program says. */
  startOf: StartStateOf
  /** Absent: calls write none. */
  log: LineLog | undefined
}
