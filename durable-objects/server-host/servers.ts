/** The tenant's servers as this object runs them: configuration, launch specs, eras. */
import { GatewayError } from '#protocol/errors.ts'
import type { Launch } from '#protocol/link.ts'
import type { ServerConfig, ServerConfigs } from '#protocol/server-config.ts'

export interface Server {
  name: string
  config: ServerConfig
  launch: Launch
}

export class Servers {
  readonly #read: () => Promise<{ version: number; servers: ServerConfigs } | undefined>
  readonly #onChange: () => void
  #byName = new Map<string, Server>()
  #version = -1
  #loading: Promise<void> | undefined

  constructor(
    read: () => Promise<{ version: number; servers: ServerConfigs } | undefined>,
    onChange: () => void,
  ) {
    this.#read = read
    this.#onChange = onChange
  }

  get launches(): Launch[] {
    return [...this.#byName.values()].map(({ launch }) => launch)
  }

  /** Of the configuration at hand. */
  get version(): number {
    return this.#version
  }

  get all(): Server[] {
    return [...this.#byName.values()]
  }

  /** The server as of the asked configuration version, or a newer one. Throws `server_not_found`. */
  async get(name: string, version: number): Promise<Server> {
    await this.reach(version)
    const server = this.#byName.get(name)
    if (server === undefined) throw new GatewayError('server_not_found')
    return server
  }

  /** The server if the configuration at hand has it: for what goes on without a call. */
  peek(name: string): Server | undefined {
    return this.#byName.get(name)
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

  async #load(): Promise<void> {
    const stored = await this.#read()
    if (stored === undefined || stored.version === this.#version) return
    const enabled = Object.entries(stored.servers).filter(([, config]) => config.enabled)
    const servers = await Promise.all(enabled.map(([name, config]) => toServer(name, config)))
    this.#byName = new Map(servers.map((server) => [server.name, server]))
    this.#version = stored.version
    this.#onChange()
  }
}

async function toServer(name: string, config: ServerConfig): Promise<Server> {
  const { command, args, env, cwd, warm, maxProcesses, idleTimeoutMs, maxLifetimeMs } = config
  const identity = JSON.stringify([command, args, Object.entries(env).sort(), cwd])
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(identity))
  const digest = Array.from(new Uint8Array(hash), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
  const limits = { warm, maxProcesses, idleTimeoutMs, maxLifetimeMs }
  const launch = {
    name,
    digest,
    command,
    args,
    env,
    ...(cwd === undefined ? {} : { cwd }),
    ...limits,
  }
  return { name, config, launch }
}
