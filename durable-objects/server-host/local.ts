import { DurableObject } from 'cloudflare:workers'
import type { ConsoleQuery, ConsoleReport } from '#protocol/console.ts'
import type { CatalogQuery, CatalogTarget } from '#protocol/catalog.ts'
import type { ServerHostMethods, WarmReport } from '#protocol/host-call.ts'
import { LINK_PATH } from '#protocol/link/frame.ts'
import type { ToolApproval, ToolsReport } from '#protocol/tool-pins.ts'
import type { OriginsReport } from '#protocol/remote/figures.ts'
import type { Tenant } from '../tenant/tenant.ts'
import { MAIN_PLACEMENT, serverHostName } from '#protocol/tenant.ts'
import type { Ask } from './processes/link/ask-cell.ts'
import { createLineLog } from './call/line-log.ts'
import { readConsole, readConsoleOf } from './processes/link/read-console.ts'
import { readOrigins, readOriginsOf } from './processes/link/read-origins.ts'
import { ServerHost } from './server-host.ts'

export interface LocalHostEnv {
  TENANT: DurableObjectNamespace<Tenant>
  HOST_PROGRAM: Fetcher
  HOST_PROGRAM_TOKEN: string
  LOG_LEVEL?: string
  KEEP_ALIVE_MS?: string
}

/**
 * The server host on one machine. The host program is one Node process on loopback, with a cell for each
 * placement, so no other object lends anything.
 */
export class LocalServerHost extends DurableObject<LocalHostEnv> implements ServerHostMethods {
  #host: ServerHost

  constructor(ctx: DurableObjectState, env: LocalHostEnv) {
    super(ctx, env)
    this.#host = create(ctx, env)
  }

  override fetch(request: Request): Promise<Response> {
    return this.#host.fetch(request)
  }

  drain(): Promise<void> {
    return this.#host.drain()
  }

  status(principal?: string): Promise<WarmReport> {
    return this.#host.status(principal)
  }

  origins(): Promise<OriginsReport> {
    return readOriginsOf(this.#placements, (placement) =>
      readOrigins(this.#cell(placement), this.#ask),
    )
  }

  console(query: ConsoleQuery): Promise<ConsoleReport> {
    return readConsoleOf(query, this.#placements, (placement) =>
      readConsole(this.#cell(placement), this.#ask, query),
    )
  }

  get #placements(): string[] {
    return [MAIN_PLACEMENT, ...this.#host.placements]
  }

  #cell(placement: string): string {
    return serverHostName(tenantOf(this.ctx), placement)
  }

  readonly #ask: Ask = (path, signal) => {
    const { HOST_PROGRAM, HOST_PROGRAM_TOKEN } = this.env
    const headers = { Authorization: `Bearer ${HOST_PROGRAM_TOKEN}` }
    return HOST_PROGRAM.fetch(`http://host${path}`, { headers, signal })
  }

  configChanged(version: number): Promise<void> {
    return this.#host.configChanged(version)
  }

  resolveName(query: CatalogQuery): Promise<CatalogTarget | undefined> {
    return this.#host.resolveName(query)
  }

  tools(): Promise<ToolsReport> {
    return this.#host.tools()
  }

  approveTool(approval: ToolApproval): Promise<string> {
    return this.#host.approveTool(approval)
  }

  warm(lists = false): Promise<WarmReport> {
    return this.#host.warm(lists)
  }

  endCredential(credential: string, at?: number): Promise<void> {
    return this.#host.endCredential(credential, at)
  }

  async remove(version: number): Promise<void> {
    try {
      await this.#host.remove(version)
    } finally {
      this.#host = create(this.ctx, this.env)
    }
  }
}

/** Named `v1:{tenant}:main`. */
function tenantOf({ id }: DurableObjectState): string {
  return id.name?.split(':')[1] ?? ''
}

function create(ctx: DurableObjectState, env: LocalHostEnv): ServerHost {
  const tenant = tenantOf(ctx)
  return new ServerHost({
    tenant,
    storage: ctx.storage,
    hostProgram: (placement) => ({
      dial: () => dial(env, serverHostName(tenant, placement)),
      isUp: () => true,
    }),
    launches: (principal) => env.TENANT.getByName(tenant).launches(principal),
    log: createLineLog(env.LOG_LEVEL ?? 'info', { isGathering: true }),
    keepAliveMs: Number(env.KEEP_ALIVE_MS ?? 15_000),
  })
}

async function dial(env: LocalHostEnv, name: string): Promise<WebSocket> {
  const url = `http://host${LINK_PATH}/${encodeURIComponent(name)}`
  const headers = { Upgrade: 'websocket', Authorization: `Bearer ${env.HOST_PROGRAM_TOKEN}` }
  const { webSocket, status } = await env.HOST_PROGRAM.fetch(url, { headers })
  if (webSocket === null) throw new Error(`the host program answered ${status}`)
  return webSocket
}
