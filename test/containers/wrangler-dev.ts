/** `wrangler dev` with real containers, as `npm run dev:containers` starts it, and a tenant's way in. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { AdminClient } from '#cli/runtime/admin-client.ts'
import { waitUntil } from '#test/support/processes.ts'
import type { ConsoleReport } from '#protocol/console.ts'
import { ServerConfigs } from '#protocol/server-config.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
const SECRETS = {
  ADMIN_TOKEN: 'admin-token-of-the-test',
  TOKEN_PEPPER: 'pepper-of-the-test',
  MASTER_KEY: '5e'.repeat(32),
}
/** The build of the image is in it; its layers are kept by the engine. */
const READY_MS = 420_000
const STOP_MS = 20_000
const MAX_LINES = 2_000

type Servers = Record<string, Partial<ServerConfigs[string]> & { command: string }>

export interface WranglerDev {
  url: URL
  /** Name of the worker, part of its containers' names. */
  worker: string
  /** The last lines that it printed. */
  lines: string[]
  addTenant(
    tenant: string,
    servers: Servers,
  ): Promise<{ url(server: string): string; token: string }>
  /** What a server of a tenant has printed, as the control plane tells. */
  console(tenant: string, server: string): Promise<ConsoleReport>
  /** Deletes a tenant; resolves when the gateway says that it did. */
  deleteTenant(tenant: string): Promise<void>
  /** As Ctrl-C does. Resolves when it and all its processes are gone; rejects when they stay. */
  stop(): Promise<void>
}

/** `entry`: a worker of the test's own. */
export async function startWranglerDev(
  variables: Record<string, string>,
  entry: string[] = [],
): Promise<WranglerDev> {
  const worker = `hearth-test-${process.pid}`
  const state = await mkdtemp(join(tmpdir(), 'hearth-containers-'))
  const vars = Object.entries(variables).map(([name, value]) => `${name}:${value}`)
  const args = ['dev', ...entry, '--enable-containers', '--name', worker, '--persist-to', state]
  args.push('--ip', '127.0.0.1', '--port', '0', '--inspector-port', '0', '--var', ...vars)
  const child = spawn(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...SECRETS, CI: '1', WRANGLER_SEND_METRICS: 'false' },
    // A group of its own: nothing of it may outlive it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const stop = async () => {
    await stopGroup(child)
    await rm(state, { recursive: true, force: true })
  }
  try {
    const url = await readURL(child, lines)
    return {
      url,
      worker,
      lines,
      addTenant: (tenant, servers) => addTenant(url, tenant, servers),
      console: (tenant, server) => readConsole(url, tenant, server),
      deleteTenant: (tenant) => deleteTenant(url, tenant),
      stop,
    }
  } catch (error) {
    await stop()
    throw new Error(`wrangler dev did not start:\n${lines.slice(-30).join('\n')}`, { cause: error })
  }
}

async function readConsole(url: URL, tenant: string, server: string): Promise<ConsoleReport> {
  const target = new URL(`/admin/tenants/${tenant}/servers/${server}/console`, url)
  const headers = { Authorization: `Bearer ${SECRETS.ADMIN_TOKEN}` }
  return (await (await fetch(target, { headers })).json()) as ConsoleReport
}

async function readURL(child: ChildProcess, lines: string[]): Promise<URL> {
  const { promise, resolve: found, reject } = Promise.withResolvers<URL>()
  const timer = setTimeout(() => reject(new Error(`not ready in ${READY_MS} ms`)), READY_MS)
  child.once('exit', (code) => reject(new Error(`it ended with ${code}`)))
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) throw new TypeError('wrangler has no output')
    createInterface({ input: stream }).on('line', (line) => {
      if (lines.push(line) > MAX_LINES) lines.shift()
      const [, url] = /Ready on (http:\S+)/.exec(line) ?? []
      if (url !== undefined) found(new URL(url))
    })
  }
  return promise.finally(() => clearTimeout(timer))
}

async function addTenant(url: URL, tenant: string, servers: Servers) {
  const admin = new AdminClient(url, SECRETS.ADMIN_TOKEN, tenant)
  await admin.putServers(ServerConfigs.parse(servers))
  const token = `hearth_${tenant}_0a1b2c3d_${'5e'.repeat(32)}`
  await admin.putToken('test', token)
  return { url: (server: string) => new URL(`/mcp/${server}`, url).href, token }
}

async function deleteTenant(url: URL, tenant: string): Promise<void> {
  const response = await fetch(new URL(`/admin/tenants/${tenant}`, url), {
    method: 'DELETE',
    headers: { Authorization: `Bearer ${SECRETS.ADMIN_TOKEN}` },
  })
  if (!response.ok) throw new Error(`DELETE ${tenant}: ${response.status}`)
}

async function stopGroup(child: ChildProcess): Promise<void> {
  const { pid } = child
  if (pid === undefined) return
  const ended =
    child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
  child.kill('SIGINT')
  const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), STOP_MS)
  await ended
  clearTimeout(timer)
  try {
    await waitUntil(() => !signalGroup(pid, 0), 'wrangler dev left processes behind')
  } finally {
    signalGroup(pid, 'SIGKILL')
  }
}

/** Whether the group has members. */
function signalGroup(pid: number, signal: 'SIGKILL' | 0): boolean {
  try {
    return process.kill(-pid, signal)
  } catch {
    return false // no such group
  }
}
