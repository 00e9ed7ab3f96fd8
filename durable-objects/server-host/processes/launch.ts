/** A server as the Tenant object resolved it → how its processes are started, or why they cannot be. */
import { OWNER_MARK } from '#protocol/console.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { Launch, ProcessLaunch, RemoteLaunch } from '#protocol/link.ts'
import { PoolSettings, resolvePool } from '#protocol/remote/pool.ts'
import { isRemote, placementOf, type ServerConfig } from '#protocol/server-config.ts'
import { MAIN_PLACEMENT, type ResolvedServer } from '#protocol/tenant.ts'

/** What is known of a server by whoever does not start its processes. */
export interface ServerFacts {
  name: string
  config: ServerConfig
  /** Whose processes they are: of a personal server's, each principal's are its own. */
  principal?: string
}

export interface Server extends ServerFacts {
  /** Its `name` is the configured one's, and for a personal server the principal's, too. */
  launch: Launch
}

/** `fault` makes the error of every call of a server that cannot be started. */
export type Startable =
  { server: Server; fault?: never } | { server?: never; fault: () => GatewayError }

/** Spares of a server that is in use lately, unless it says how many. */
const ADAPTIVE_WARM = 1

const OWNER_CHARS = 32

/** `principal`: for a personal server, whose it is. */
export async function toStartable(
  name: string,
  resolved: ResolvedServer,
  principal?: string,
): Promise<Startable> {
  const fault = findFault(resolved)
  if (fault !== undefined) return { fault }
  const { config, identity, secrets } = resolved
  const { warm = ADAPTIVE_WARM, idleTimeoutMs, maxLifetimeMs } = config
  const maxProcesses = config.sharing === 'shared' ? 1 : config.maxProcesses
  const launch: Launch = {
    name: await nameLaunch(name, principal),
    digest: await sha256(nameProcess(identity, config)),
    ...{ warm, maxProcesses, idleTimeoutMs, maxLifetimeMs },
    ...(config.warm === undefined &&
      resolved.remote === undefined && { isAdaptive: true as const }),
    ...toEnd(resolved),
    ...(secrets.length === 0 ? {} : { secrets }),
  }
  const owner = principal === undefined ? {} : { principal }
  return { server: { name, config, ...owner, launch } }
}

/** One object for as long as the launch is the same: whoever holds it sees its newest settings. */
export function keepServer(former: Startable | undefined, made: Startable): Startable {
  const kept = former?.server
  if (kept === undefined || kept.launch.digest !== made.server?.launch.digest) return made
  Object.assign(kept, made.server)
  return { server: kept }
}

/**
 * The invariant that keeps principals apart: a process is asked for by the name of its launch, and a
 * personal launch's name holds the hash of the principal that the call's own verdict names.
 */
async function nameLaunch(name: string, principal: string | undefined): Promise<string> {
  if (principal === undefined) return name
  return `${name}${OWNER_MARK}${(await sha256(principal)).slice(0, OWNER_CHARS)}`
}

/** The same command in another container is another process: what knows one by its digest leaves it. */
function nameProcess(identity: string, config: ServerConfig): string {
  const placement = placementOf(config) ?? MAIN_PLACEMENT
  return placement === MAIN_PLACEMENT ? identity : `${placement} ${identity}`
}

/** A remote server has no spares: a connection to it costs less than one that nobody uses. */
function toEnd(
  resolved: ResolvedServer,
): Pick<ProcessLaunch, 'command' | 'args' | 'env' | 'cwd'> | Pick<RemoteLaunch, 'remote' | 'warm'> {
  const { config, remote } = resolved
  if (remote === undefined) {
    const { command, args, env, cwd } = resolved
    return { command, args, env, ...(cwd === undefined ? {} : { cwd }) }
  }
  const settings = isRemote(config) ? config.pool : undefined
  return { remote: { ...remote, pool: resolvePool(PoolSettings.parse(settings ?? {})) }, warm: 0 }
}

function findFault({ missing, unusable }: ResolvedServer): (() => GatewayError) | undefined {
  if (missing.length > 0) {
    return () =>
      new GatewayError('secret_missing', { detail: missing.join(', '), data: { missing } })
  }
  if (unusable.length > 0) {
    return () => new GatewayError('secret_unusable', { detail: unusable.join('; ') })
  }
  return undefined
}

export async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
