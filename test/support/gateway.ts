/** The whole gateway as `hearth up` runs it, on a free port and a data folder of its own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'
import { LOCAL_TENANT, openDataFolder } from '#cli/data-folder.ts'
import { startLocalRuntime, type LogLevel } from '#cli/local-runtime.ts'
import { serverHostName } from '#protocol/tenant.ts'
import { isRemote, ServerConfigs } from '#protocol/server-config.ts'

export interface GatewayOptions {
  /** As in a configuration file, normalised here; relative folders start at the project's root. */
  servers: Record<string, z.input<typeof ServerConfigs>[string]>
  /** Default `info`: call lines are in `logs`. */
  logLevel?: LogLevel
  /** More of the worker's variables, such as `MAX_BODY_BYTES`. */
  variables?: Record<string, string>
  /** Spares are started and eras are known when this resolves. Default true. */
  warm?: boolean
  /** A worker of the test's own, as a source or a bundle; with the one more route of ours. */
  workerEntry?: string
  /** A folder that outlives the gateway; else a temporary one that `stop` removes. */
  dataFolder?: string
}

export interface Gateway {
  /** Origin, without a slash at the end. */
  url: string
  token: string
  /** The operator's. */
  adminToken: string
  /** `Authorization` with the token. */
  headers: Record<string, string>
  mcpURL(server: string): string
  /** Lines of the worker and the host program, at most `MAX_LOG_LINES`. */
  logs: string[]
  /** `logs` with the lines of all that is answered by now. */
  allLogs(): Promise<string[]>
  readonly hostProgramPid: number
  /** SIGKILL; resolves when the next host program listens. */
  killHostProgram(): Promise<void>
  /** Resets the ServerHost object as a deploy does: its memory and its link go, calls in flight fail. */
  evictServerHost(): Promise<void>
  putServers(servers: GatewayOptions['servers']): Promise<void>
  drain(): Promise<void>
  /** An admin route of the tenant: `secrets/NAME`, `tokens`. Throws what is no success. */
  admin<T = unknown>(method: string, path: string, body?: object): Promise<T>
  /** Everything that the servers' processes have printed, as the host program keeps it. */
  console(): Promise<string>
  stop(): Promise<void>
}

const MAX_LOG_LINES = 20_000
/** Lines of calls are gathered for 100 ms (line-log.ts); then they pass two pipes. */
const LOG_MS = 300
const ROOT = resolve(import.meta.dirname, '../..')
const WORKER = resolve(ROOT, 'test/fixtures/evictable-worker.mjs')

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const folder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'hearth-test-')))
  const logs: string[] = []
  const data = openDataFolder(folder)
  const runtime = await startLocalRuntime({
    servers: normalise(options.servers),
    data,
    host: '127.0.0.1',
    port: 0,
    workerEntry: options.workerEntry ?? WORKER,
    logLevel: options.logLevel ?? 'info',
    variables: options.variables ?? {},
    onLine: (_level, text) => {
      if (logs.push(text) > MAX_LOG_LINES) logs.shift()
    },
  })
  if (options.warm ?? true) await runtime.admin.warm()
  const { admin, hostProcess, token } = runtime
  const url = runtime.url.origin
  return {
    url,
    token,
    adminToken: data.secrets.adminToken,
    headers: { Authorization: `Bearer ${token}` },
    mcpURL: (server) => `${url}/mcp/${server}`,
    logs,
    allLogs: async () => {
      await delay(LOG_MS)
      return logs
    },
    get hostProgramPid() {
      return hostProcess.pid
    },
    killHostProgram: () => hostProcess.crash(),
    evictServerHost: () => resetServerHost(runtime.url),
    putServers: (servers) => admin.putServers(normalise(servers)),
    drain: () => admin.drain(AbortSignal.timeout(15_000)),
    admin: (method, path, body) => sendAdmin(url, data.secrets.adminToken, { method, path, body }),
    console: () => readConsole(hostProcess),
    stop: async () => {
      await runtime.stop()
      if (options.dataFolder === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}

async function sendAdmin<T>(
  url: string,
  adminToken: string,
  { method, path, body }: { method: string; path: string; body: object | undefined },
): Promise<T> {
  const response = await fetch(`${url}/admin/tenants/${LOCAL_TENANT}/${path}`, {
    method,
    headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

async function readConsole({ port, token }: { port: number; token: string }): Promise<string> {
  const cell = encodeURIComponent(serverHostName(LOCAL_TENANT))
  const response = await fetch(`http://127.0.0.1:${port}/cells/${cell}/console`, {
    headers: { Authorization: `Bearer ${token}` },
  })
  return response.text()
}

async function resetServerHost(base: URL): Promise<void> {
  const url = new URL(base)
  url.searchParams.set('reset', 'SERVER_HOST')
  url.searchParams.set('name', serverHostName(LOCAL_TENANT))
  const response = await fetch(url)
  if (!response.ok) throw new Error(`the reset answered ${response.status}`)
}

function normalise(servers: GatewayOptions['servers']): ServerConfigs {
  const configs = ServerConfigs.parse(servers)
  for (const config of Object.values(configs)) {
    if (!isRemote(config)) config.cwd = resolve(ROOT, config.cwd ?? '.')
  }
  return configs
}
