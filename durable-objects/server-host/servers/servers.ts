/** The tenant's servers as this object runs them: configuration, launches, and why one cannot start. */
import { GatewayError } from '#protocol/errors.ts'
import type { Launch } from '#protocol/link.ts'
import type { LaunchConfig, ResolvedServer } from '#protocol/tenant.ts'
import { toStartable, type Server, type ServerFacts, type Startable } from './launch.ts'
import { PersonalServers } from './personal-servers.ts'

export type { Server, ServerFacts } from './launch.ts'

/** One configured server; `startable` is absent for a personal one, which a principal starts. */
interface Known {
  resolved: ResolvedServer
  startable?: Startable
}

export class Servers {
  readonly #read: (principal?: string) => Promise<LaunchConfig | undefined>
  readonly #onChange: () => void
  readonly #personal: PersonalServers
  #byName = new Map<string, Known>()
  #version = -1
  #loading: Promise<void> | undefined

  constructor(
    read: (principal?: string) => Promise<LaunchConfig | undefined>,
    onChange: () => void,
  ) {
    this.#read = read
    this.#onChange = onChange
    this.#personal = new PersonalServers(read, onChange)
  }

  /** Everything that can be started, personal servers of the principals that called among it. */
  get launches(): Launch[] {
    const common = [...this.#byName.values()].flatMap(({ startable }) => {
      return startable?.server === undefined ? [] : startable.server.launch
    })
    return [...common, ...this.#personal.launches]
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
    this.#personal.retain(() => false)
    this.#onChange()
  }

  async #load(): Promise<void> {
    const stored = await this.#read()
    if (stored === undefined || stored.version === this.#version) return
    const entries = Object.entries(stored.servers).map(async ([name, resolved]) => {
      if (resolved.isPersonal) return [name, { resolved }] as const
      return [name, { resolved, startable: await toStartable(name, resolved) }] as const
    })
    this.#byName = new Map<string, Known>(await Promise.all(entries))
    this.#version = stored.version
    this.#personal.retain((name) => this.#byName.get(name)?.resolved.isPersonal === true)
    this.#onChange()
  }
}
