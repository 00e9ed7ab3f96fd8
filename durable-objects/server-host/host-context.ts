/** What the parts of one server host share; made once in its constructor. */
import type { Credentials } from './calls/credentials.ts'
import type { EraProbe } from './servers/eras.ts'
import type { Link } from './link/link.ts'
import type { Servers } from './servers/servers.ts'
import type { Store } from './store.ts'
import type { Ticker } from './ticker.ts'
import type { ClientCall } from './calls/client-call.ts'

export interface HostContext {
  store: Store
  link: Link
  ticker: Ticker
  servers: Servers
  eras: EraProbe
  credentials: Credentials
  /** Calls in flight, of every session. */
  calls: Set<ClientCall>
  keepAliveMs: number
  /** Whether the host program can be reached without starting a container. */
  isUp: () => boolean
  /** Whether each call writes its log line. */
  logs: boolean
}
