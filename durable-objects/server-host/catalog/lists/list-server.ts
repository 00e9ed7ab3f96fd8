/** One server's lists for clients of some capabilities, asked for as a modern client would. */
import { OWN_CLIENT } from '#protocol/host-call.ts'
import { URGENCY } from '#protocol/link.ts'
import type { CatalogContext } from '../context.ts'
import type { ModernServing } from '../../call/serving.ts'
import type { Server } from '../../processes/servers.ts'
import { requireFacts } from '../../processes/spoken-facts.ts'
import { ask } from '../internal-call.ts'
import type { ListKind } from '../../translate/list-kinds.ts'
import { Lateness } from './lateness.ts'
import { ListedServer, type ListRole } from './listed-server.ts'

export interface ListingOptions {
  server: Server
  /** Canonical JSON. */
  capabilities: string
  role: ListRole
  serve: (server: Server) => Promise<ModernServing>
  /** See `ListedServerOptions`. */
  onChanged: (kinds: ListKind[], isFirst: boolean) => void
}

export function listServer(
  { eras, servers, store, pins }: Pick<CatalogContext, 'eras' | 'servers' | 'store' | 'pins'>,
  { server, capabilities, role, serve, onChanged }: ListingOptions,
): ListedServer {
  const { name, launch, principal = '' } = server
  return new ListedServer({
    of: { digest: launch.digest, capabilities },
    store: store.lists,
    announced: async () => requireFacts(await eras.of(server, URGENCY.list), name, 'modern'),
    ask: async (method, params, options) => {
      const serving = await serve(server)
      const isPassing = !role.isCanonical()
      const asked = { server: name, principal, client: OWN_CLIENT, capabilities, method, params }
      return ask(serving, { ...asked, isPassing, ...options })
    },
    examine: (tools) => {
      const viewer = { capabilities, principal }
      return pins.observe(name, tools, { viewer, isWhole: true })
    },
    role,
    late: new Lateness({
      ...{ store: store.late, digest: launch.digest },
      limitMs: () => servers.catalog.listTimeoutMs,
    }),
    onChanged,
  })
}
