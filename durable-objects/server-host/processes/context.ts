/** What it takes to open processes of a server, and to use them. */
import type { Connection } from './connection.ts'
import type { Links } from './link/links.ts'
import type { RemoteChannels } from './remote/remote-channels.ts'
import type { Ticker } from './ticker.ts'
import type { EraStore } from './era-store.ts'
import type { ServerFacts } from './launch.ts'
import type { Probe } from './probe.ts'
import type { Servers } from './servers.ts'
import type { StartStateOf } from './start-state.ts'
import type { UseStore } from './use-store.ts'

export interface ProcessContext {
  servers: Servers
  links: Links
  /** Sessions with servers that are reached from here, without a link. */
  remotes: RemoteChannels
  ticker: Ticker
  store: { uses: UseStore; eras: EraStore }
  /** How far its start is, as far as its host program says. */
  startOf: StartStateOf
  guards: {
    /** A process takes requests: whether it still answers is asked now and then. */
    watch(
      server: Pick<ServerFacts, 'name' | 'principal'>,
      connection: Connection,
      probe?: Probe,
    ): void
  }
}
