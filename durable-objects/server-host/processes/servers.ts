/** The tenant's servers as this object runs them: configuration, launches, and why one cannot start. */
import { CATALOG, DEFAULT_CATALOG, type CatalogSettings } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { Launch } from '#protocol/link.ts'
import type { Routes } from '#protocol/routes.ts'
import { MAIN_PLACEMENT, type LaunchConfig, type ResolvedServer } from '#protocol/tenant.ts'
import { placementOf } from '#protocol/server-config.ts'
import { compareServers, differ, isNoChange, type ServersChange } from './change.ts'
import { keepServer, toStartable, type Server, type ServerFacts, type Startable } from './launch.ts'
import { PersonalServers } from './personal-servers.ts'
import { StartReasons } from './start-reasons.ts'

export type { Server, ServerFacts } from './launch.ts'

/** One configured server; `startable` is absent for a personal one, which a principal starts. */
interface Known {
  resolved: ResolvedServer
  startable?: Startable
}

export class Servers {
  /** Which of them do not start at the moment. */
  readonly reasons: StartReasons
  readonly #read: (principal?: string) => Promise<LaunchConfig | undefined>
  readonly #onLaunches: () => void
  readonly #onChange: (change: ServersChange) => void
  readonly #personal: PersonalServers
  #byName = new Map<string, Known>()
  #catalog = DEFAULT_CATALOG
  #routes: Routes = []
  #version = -1
  #loading: Promise<void> | undefined
  #placements: ReadonlySet<string> = new Set([MAIN_PLACEMENT])

  /**
   * `onLaunches`: `launches` are others than before. `onChange` comes after it, once for each
   * configuration that is another one: the first brings all servers as added.
   */
  constructor(
    read: (principal?: string) => Promise<LaunchConfig | undefined>,
    onLaunches: () => void,
    onChange: (change: ServersChange) => void = () => undefined,
    tenant?: string,
  ) {
    this.reasons = new StartReasons(tenant)
    this.#read = read
    this.#onLaunches = onLaunches
    this.#onChange = onChange
    this.#personal = new PersonalServers(read, onLaunches, onChange)
  }

  /**
   * Everything that the host program of a placement can be asked for, personal servers of the
   * principals that called among it.
   */
  launchesAt(placement: string): Launch[] {
    const common = [...this.#byName.values()].flatMap(({ startable }) => {
      const server = startable?.server
      return server === undefined || placementOf(server.config) !== placement ? [] : server.launch
    })
    return [...common, ...this.#personal.launchesAt(placement)]
  }

  /** Of all launches, also those that no host program has anything to do with. */
  get digests(): ReadonlySet<string> {
    const common = [...this.#byName.values()].flatMap(({ startable }) => {
      return startable?.server?.launch.digest ?? []
    })
    return new Set([...common, ...this.#personal.digests])
  }

  /** Where there is something of any server. */
  get placements(): ReadonlySet<string> {
    return this.#placements
  }

  /** Where a server is; absent: in no host program. The catalog is where the object's own servers are. */
  placementOf(name: string): string | undefined {
    if (name === CATALOG) return this.#placements.has(MAIN_PLACEMENT) ? MAIN_PLACEMENT : undefined
    const known = this.#byName.get(name)
    return known === undefined ? MAIN_PLACEMENT : placementOf(known.resolved.config)
  }

  get routes(): Routes {
    return this.#routes
  }

  get catalog(): CatalogSettings {
    return this.#catalog
  }

  /** Of the configuration at hand. */
  get version(): number {
    return this.#version
  }

  /** What is configured: `server` for one that can be started by anyone, `fault` for one that cannot. */
  get all(): { name: string; server?: Server; fault?: GatewayError }[] {
    return [...this.#byName].map(([name, { startable }]) => {
      if (startable === undefined) return { name }
      const { server } = startable
      return server === undefined ? { name, fault: startable.fault() } : { name, server }
    })
  }

  /**
   * The server as of the asked configuration version, or a newer one; a personal one is the principal's.
   * Throws `server_not_found`, `secret_missing`, `secret_unusable`.
   */
  async get(name: string, version: number, principal?: string): Promise<Server> {
    await this.reach(version)
    const known = this.#byName.get(name)
    if (known?.startable?.server !== undefined) return known.startable.server
    if (known?.startable !== undefined) throw known.startable.fault()
    const personal =
      known === undefined || principal === undefined
        ? undefined
        : await this.#personal.get(name, principal, this.#version, this.#byName.size)
    if (personal === undefined) throw new GatewayError('server_not_found')
    return personal
  }

  /** The same if it is at hand, without a wait. */
  peek(name: string, principal?: string): Server | undefined {
    const known = this.#byName.get(name)
    if (known === undefined || known.startable !== undefined) return known?.startable?.server
    return principal === undefined ? undefined : this.#personal.use(name, principal, this.#version)
  }

  /** What of it does not depend on how it is started: for what goes on without a call. */
  factsOf(name: string, principal: string): ServerFacts | undefined {
    const known = this.#byName.get(name)
    if (known === undefined) return undefined
    const { config, isPersonal } = known.resolved
    const startable = isPersonal ? this.#personal.peek(name, principal) : known.startable?.server
    if (startable !== undefined) return startable
    return { name, config, ...(isPersonal && { principal }) }
  }

  /** The launch that the host program knows a server by, after `get`. */
  launchOf({ name, principal }: Pick<ServerFacts, 'name' | 'principal'>): Launch | undefined {
    const known = this.#byName.get(name)
    if (known === undefined || known.startable !== undefined)
      return known?.startable?.server?.launch
    return principal === undefined ? undefined : this.#personal.peek(name, principal)?.launch
  }

  /** A principal is there, though it needs no process now. */
  touch(name: string, principal: string): void {
    this.#personal.touch(name, principal)
  }

  /** Reads the configuration again when it is older than that version. */
  async reach(version: number): Promise<void> {
    // A reading that is under way may have begun before the change.
    for (let reading = 0; reading < 2 && this.#version < version; reading++) await this.load()
  }

  async load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined
    })
    await this.#loading
  }

  /** Nothing is configured any more. */
  clear(): void {
    this.#byName.clear()
    this.#placements = new Set()
    this.#personal.retain(() => false)
    this.#onLaunches()
  }

  async #load(): Promise<void> {
    const stored = await this.#read()
    if (stored === undefined || stored.version === this.#version) return
    const entries = Object.entries(stored.servers).map(async ([name, resolved]) => {
      if (resolved.isPersonal) return [name, { resolved }] as const
      return [name, { resolved, startable: await toStartable(name, resolved) }] as const
    })
    const before = this.#byName
    const after = new Map<string, Known>(await Promise.all(entries))
    for (const [name, known] of after) {
      if (known.startable === undefined) continue
      known.startable = keepServer(before.get(name)?.startable, known.startable)
    }
    this.#byName = after
    this.#placements = toPlacements(after)
    this.#version = stored.version
    const formerCatalog = this.#catalog
    this.#catalog = stored.catalog
    this.#routes = stored.routes
    this.#personal.retain((name) => after.get(name)?.resolved.isPersonal === true)
    this.reasons.retain(this.digests)
    this.#onLaunches()
    const change = compareServers(toResolved(before), toResolved(after))
    if (differ(formerCatalog, stored.catalog)) change.isShownAnew = true
    if (!isNoChange(change)) this.#onChange(change)
    this.#personal.renew(stored.version)
  }
}

function toPlacements(known: ReadonlyMap<string, Known>): Set<string> {
  const placements = [...known.values()].map(({ resolved }) => placementOf(resolved.config))
  return new Set(placements.filter((placement) => placement !== undefined))
}

function toResolved(known: ReadonlyMap<string, Known>): Map<string, ResolvedServer> {
  return new Map(Array.from(known, ([name, { resolved }]) => [name, resolved]))
}
