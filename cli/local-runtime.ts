/**
 * Hearth on one machine: the worker and the Durable Objects in workerd, the host program as a Node
 * child, and between the two the admin routes that make the tenant `local`.
 */
import { join } from 'node:path'
import type { ServerConfigs } from '#protocol/server-config.ts'
import type { FileSettings } from './config/file-schema.ts'
import { LOCAL_TENANT, type DataFolder } from './data-folder.ts'
import { isCheckout, nodeModulesFolders, rootFolder } from './layout.ts'
import { AdminClient } from './runtime/admin-client.ts'
import { keptEnvironment } from './runtime/host-environment.ts'
import { HostProcess } from './runtime/host-process.ts'
import { hostProgram, workerProgram } from './runtime/programs.ts'
import { startWorkerd, type Workerd } from './runtime/workerd.ts'

/** An object that nobody calls leaves the memory of workerd, and what it has warm stays. Milliseconds. */
const KEEP_MS = 86_400_000

/** What Node compiled of the bundles. */
const COMPILED = join(rootFolder, 'node_modules', '.cache', 'hearth', 'compiled')

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

export interface LocalRuntimeOptions {
  servers: ServerConfigs
  /** Absent: those that are stored stay. */
  settings?: FileSettings
  data: DataFolder
  host: string
  /** 0 = any free port. */
  port: number
  /** The gateway's origin as clients see it; its host name is served, too. */
  publicURL?: URL
  /** Beside its own: origins whose pages may call. */
  allowedOrigins?: readonly string[]
  /** The tenant's token; without it the data folder's own. */
  token?: string
  logLevel: LogLevel
  /** For servers that are kept warm while nobody uses them; absent: a share of what is free. Mebibytes. */
  warmMiB?: number
  /** The one that servers get; absent: that of this process. */
  umask?: number
  /** What the worker and the host program write, a line at a time. */
  onLine: (level: string, text: string) => void
  /** As of `startWorkerd`. */
  onCallLines?: (lines: string[]) => void
  /** For tests: more of the worker's variables, and another entry in its place. */
  variables?: Record<string, string>
  workerEntry?: string
}

export interface LocalRuntime {
  url: URL
  token: string
  admin: AdminClient
  workerd: Workerd
  hostProcess: HostProcess
  /** Does not wait for running calls: `admin.drain()` does. */
  stop(): Promise<void>
}

export async function startLocalRuntime(options: LocalRuntimeOptions): Promise<LocalRuntime> {
  const starting = startHostProgram(options)
  const bundle = await workerProgram(options.workerEntry).catch(async (error: unknown) => {
    await stopWhenStarted(starting)
    throw error
  })
  const hostProcess = await starting
  try {
    const workerd = await startWorker(options, bundle, hostProcess)
    return await configure(options, workerd, hostProcess)
  } catch (error) {
    await hostProcess.stop()
    throw error
  }
}

async function stopWhenStarted(starting: Promise<HostProcess>): Promise<void> {
  const hostProcess = await starting.catch(() => undefined)
  await hostProcess?.stop()
}

async function startHostProgram(options: LocalRuntimeOptions): Promise<HostProcess> {
  return HostProcess.start({
    program: await hostProgram(),
    environment: {
      ...(isCheckout && { NODE_COMPILE_CACHE: COMPILED }),
      ...keptEnvironment(process.env),
      HOST: '127.0.0.1',
      HEARTH_CACHE: options.data.cache,
      HEARTH_NODE_MODULES: nodeModulesFolders(),
      LOG_LEVEL: options.logLevel,
      HEARTH_KEEP_MS: String(KEEP_MS),
      ...(options.warmMiB !== undefined && { HEARTH_WARM_MIB: String(options.warmMiB) }),
      ...(options.umask !== undefined && { HEARTH_UMASK: options.umask.toString(8) }),
    },
    onLine: options.onLine,
  })
}

function startWorker(
  options: LocalRuntimeOptions,
  bundle: string,
  hostProcess: HostProcess,
): Promise<Workerd> {
  const {
    host,
    port,
    data,
    onLine,
    onCallLines,
    logLevel,
    publicURL,
    allowedOrigins = [],
  } = options
  return startWorkerd({
    bundle,
    host,
    port,
    storage: data.storage,
    hostProgram: `127.0.0.1:${hostProcess.port}`,
    onLine,
    onCallLines,
    variables: {
      ALLOWED_HOSTS: isAnyAddress(host) ? '*' : [host, publicURL?.hostname ?? ''].join(','),
      ALLOWED_ORIGINS: allowedOrigins.join(','),
      PUBLIC_URL: publicURL?.origin ?? '',
      LOG_LEVEL: logLevel,
      ...options.variables,
    },
    secrets: {
      HOST_PROGRAM_TOKEN: hostProcess.token,
      ADMIN_TOKEN: data.secrets.adminToken,
      TOKEN_PEPPER: data.secrets.tokenPepper,
      MASTER_KEY: data.secrets.masterKey,
    },
  })
}

function isAnyAddress(host: string): boolean {
  return ['0.0.0.0', '::', '[::]', '*'].includes(host)
}

async function configure(
  options: LocalRuntimeOptions,
  workerd: Workerd,
  hostProcess: HostProcess,
): Promise<LocalRuntime> {
  const admin = new AdminClient(workerd.url, options.data.secrets.adminToken, LOCAL_TENANT)
  const token = options.token ?? options.data.secrets.token
  try {
    await admin.putServers(options.servers)
    if (options.settings !== undefined) await admin.putSettings(options.settings)
    await admin.putToken('hearth up', token)
  } catch (error) {
    await workerd.stop()
    throw error
  }
  const stop = async (): Promise<void> => {
    await workerd.stop()
    await hostProcess.stop()
  }
  return { url: workerd.url, token, admin, workerd, hostProcess, stop }
}
