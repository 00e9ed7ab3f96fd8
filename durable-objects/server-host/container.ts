import { Container } from '@cloudflare/containers'
import { GatewayError } from '#protocol/errors.ts'
import type { ConsoleQuery, ConsoleReport } from '#protocol/console.ts'
import type { CatalogQuery, CatalogTarget } from '#protocol/catalog.ts'
import type { ServerHostMethods, WarmReport } from '#protocol/host-call.ts'
import { LINK_PATH } from '#protocol/link/frame.ts'
import type { ToolApproval, ToolsReport } from '#protocol/tool-pins.ts'
import type { OriginsReport } from '#protocol/remote/figures.ts'
import { MAIN_PLACEMENT, serverHostName } from '#protocol/tenant.ts'
import type { Tenant } from '../tenant/tenant.ts'
import { HostSecret } from './processes/link/host-secret.ts'
import { borrow, isBorrowing, lend, type Borrower, type Lender } from './processes/link/lending.ts'
import type { HostProgram } from './processes/link/links.ts'
import { StartFailures } from './processes/link/start-failures.ts'
import type { Ask } from './processes/link/ask-cell.ts'
import { readConsole, readConsoleOf } from './processes/link/read-console.ts'
import { readOrigins, readOriginsOf } from './processes/link/read-origins.ts'
import { createLineLog } from './call/line-log.ts'
import { ServerHost } from './server-host.ts'

export interface ContainerHostEnv {
  TENANT: DurableObjectNamespace<Tenant>
  SERVER_HOST: DurableObjectNamespace<ContainerServerHost>
  LOG_LEVEL?: string
  KEEP_ALIVE_MS?: string
  /** The container is stopped when no call came for this long: `30s`, `10m`, `2h`. */
  SLEEP_AFTER?: string
}

const PORT = 8080
const DEFAULT_SLEEP_AFTER = '10m'
const START = { instanceGetTimeoutMS: 10_000, portReadyTimeoutMS: 20_000, waitInterval: 100 }
/** The host program ends its processes, and itself, within 8 s. */
const STOP_MS = 10_000
const STOP_POLL_MS = 50
const UNAUTHORIZED = 401

/**
 * The server host on Cloudflare: its host program runs in the container pinned to this object.
 * Named `v1:{tenant}:{placement}`: calls go to `main`, the others lend it their containers. The base
 * class owns the alarm; calls keep a container awake, open streams and the link do not.
 */
export class ContainerServerHost
  extends Container<ContainerHostEnv>
  implements ServerHostMethods, Lender, Borrower
{
  override requiredPorts = [PORT]
  readonly #name: string
  readonly #tenant: string
  readonly #placement: string
  readonly #sleepAfterMs: number
  readonly #startFailures = new StartFailures()
  readonly #hostSecret = new HostSecret(this.ctx.storage)
  /** Made when it is needed: an object that only lends its container has none. */
  #core: ServerHost | undefined
  /** What keeps the container awake and is no call: it is dialled, or its servers are warmed. */
  #pending = 0
  #dials = 0
  #stopping: Promise<void> | undefined
  #starting: Promise<void> | undefined

  constructor(ctx: ConstructorParameters<typeof Container>[0], env: ContainerHostEnv) {
    const sleepAfter = env.SLEEP_AFTER ?? DEFAULT_SLEEP_AFTER
    const sleepAfterMs = parseDuration(sleepAfter)
    super(ctx, env, { defaultPort: PORT, sleepAfter })
    this.#name = ctx.id.name ?? ''
    const [, tenant = '', placement = MAIN_PLACEMENT] = this.#name.split(':')
    this.#tenant = tenant
    this.#placement = placement
    this.#sleepAfterMs = sleepAfterMs
  }

  /** Calls go to the core: nothing of a client's request reaches the container by itself. */
  override fetch(request: Request): Promise<Response> {
    if (isBorrowing(request)) return this.#pend(lend(() => this.#dial()))
    return this.#host.fetch(request)
  }

  get #host(): ServerHost {
    return (this.#core ??= this.#create())
  }

  drain(): Promise<void> {
    return this.#host.drain()
  }

  status(principal?: string): Promise<WarmReport> {
    return this.#host.status(principal)
  }

  origins(): Promise<OriginsReport> {
    if (this.#placement !== MAIN_PLACEMENT) return this.#ownOrigins()
    return readOriginsOf([MAIN_PLACEMENT, ...this.#host.placements], (placement) =>
      placement === MAIN_PLACEMENT ? this.#ownOrigins() : this.#at(placement).origins(),
    )
  }

  console(query: ConsoleQuery): Promise<ConsoleReport> {
    const own = () => readConsole(this.#name, this.#ask, query)
    if (this.#placement !== MAIN_PLACEMENT) return own()
    return readConsoleOf(query, [MAIN_PLACEMENT, ...this.#host.placements], (placement) =>
      placement === MAIN_PLACEMENT ? own() : this.#at(placement).console(query),
    )
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
    return this.#keepAwake(this.#host.warm(lists))
  }

  endCredential(credential: string, at?: number): Promise<void> {
    return this.#host.endCredential(credential, at)
  }

  /** The container's disk goes with it. */
  async remove(version: number): Promise<void> {
    try {
      await this.#host.remove(version)
    } finally {
      this.#core = undefined
      await this.#stopOnce()
    }
  }

  async isUp(): Promise<boolean> {
    return this.#isUp
  }

  async release(): Promise<void> {
    await this.#stopOnce()
  }

  async mayRest(placement: string, idleMs: number): Promise<boolean> {
    return this.#host.mayRest(placement, idleMs)
  }

  /** The base class asks once no call has begun for `SLEEP_AFTER`; while it does not stop, it asks again. */
  override async onActivityExpired(): Promise<void> {
    const dials = this.#dials
    const mayStop = this.#pending === 0 && (await this.#rest())
    // While another object was asked, that may have begun to use the container again.
    if (mayStop && this.#pending === 0 && this.#dials === dials) await this.#stopOnce()
  }

  /** Whether the container may be stopped; its link is then at rest. */
  async #rest(): Promise<boolean> {
    if (this.#placement !== MAIN_PLACEMENT) {
      return this.#at(MAIN_PLACEMENT).mayRest(this.#placement, this.#sleepAfterMs)
    }
    return this.#host.mayRest(MAIN_PLACEMENT, 0)
  }

  /** Whether a dial starts nothing: one that comes while the container is stopped starts it again. */
  get #isUp(): boolean {
    return this.#isRunning && this.#stopping === undefined
  }

  get #isRunning(): boolean {
    return this.ctx.container?.running === true
  }

  /** Another object of the tenant. */
  #at(placement: string) {
    return this.env.SERVER_HOST.getByName(serverHostName(this.#tenant, placement))
  }

  #ownOrigins(): Promise<OriginsReport> {
    return readOrigins(this.#name, this.#ask)
  }

  /** Absent while the container does not run. */
  get #ask(): Ask | undefined {
    const port = this.#isRunning ? this.ctx.container?.getTcpPort(PORT) : undefined
    if (port === undefined) return undefined
    const headers = this.#hostSecret.headers
    return (path, signal) => port.fetch(`http://host${path}`, { headers, signal })
  }

  #create(): ServerHost {
    const { TENANT, LOG_LEVEL = 'info', KEEP_ALIVE_MS = '15000' } = this.env
    return new ServerHost({
      tenant: this.#tenant,
      storage: this.ctx.storage,
      hostProgram: (placement) => this.#hostProgram(placement),
      launches: (principal) => TENANT.getByName(this.#tenant).launches(principal),
      log: createLineLog(LOG_LEVEL, { isGathering: false }),
      keepAliveMs: Number(KEEP_ALIVE_MS),
      sleepAfterMs: this.#sleepAfterMs,
    })
  }

  #hostProgram(placement: string): HostProgram {
    if (placement !== MAIN_PLACEMENT) return borrow(() => this.#at(placement))
    return {
      dial: () => this.#dial(),
      isUp: () => this.#isUp,
      touch: () => this.renewActivityTimeout(),
    }
  }

  async #keepAwake<T>(work: Promise<T>): Promise<T> {
    try {
      return await this.#pend(work)
    } finally {
      this.renewActivityTimeout()
    }
  }

  async #pend<T>(work: Promise<T>): Promise<T> {
    this.#pending++
    try {
      return await work
    } finally {
      this.#pending--
    }
  }

  async #stopOnce(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined
    })
    await this.#stopping
  }

  async #stop(): Promise<void> {
    await this.stop()
    const end = Date.now() + STOP_MS
    while (this.#isRunning && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS))
    }
    if (this.#isRunning) await this.destroy()
  }

  async #dial(): Promise<WebSocket> {
    this.#dials++
    // A container on its way down still answers.
    await this.#stopping
    await this.#startOnce()
    const port = this.ctx.container?.getTcpPort(PORT)
    if (port === undefined) throw new GatewayError('host_unavailable')
    const url = `http://host${LINK_PATH}/${encodeURIComponent(this.#name)}`
    const headers = { ...this.#hostSecret.headers, Upgrade: 'websocket' }
    const { webSocket, status } = await port.fetch(url, { headers })
    if (webSocket !== null) return webSocket
    // A former object has started it, and its secret was not stored before that object was gone.
    if (status === UNAUTHORIZED) await this.#stopOnce()
    throw new Error(`the host program answered ${status}`)
  }

  /** Whoever dials meanwhile waits for the same start: it has one secret. */
  async #startOnce(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined
    })
    await this.#starting
  }

  async #start(): Promise<void> {
    if (!this.#isRunning) this.#hostSecret.renew()
    const envVars = {
      LOG_LEVEL: this.env.LOG_LEVEL ?? 'info',
      HEARTH_CELL: this.#name,
      HOST_PROGRAM_TOKEN: this.#hostSecret.value,
    }
    const options = { startOptions: { envVars }, cancellationOptions: START }
    try {
      await this.startAndWaitForPorts(options)
      this.#startFailures.reset()
    } catch (error) {
      throw await this.#startFailures.judge(error)
    }
  }
}

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const

/** Milliseconds. */
function parseDuration(text: string): number {
  const [, count, unit] = /^(\d+)([smh])$/.exec(text) ?? []
  if (unit !== undefined) return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]
  throw new TypeError(`SLEEP_AFTER must be like 30s, 10m or 2h, not "${text}"`)
}
