/** The worker and its objects in workerd, over host programs that a test scripts: one for each placement. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DatabaseSync } from 'node:sqlite'
import { WebSocketServer } from 'ws'
import { workerProgram } from '#cli/runtime/programs.ts'
import { startWorkerd } from '#cli/runtime/workerd.ts'
import { LINK_PATH } from '#protocol/link/frame.ts'
import type { Grants } from '#protocol/scopes.ts'
import { serverHostName } from '#protocol/tenant.ts'
import type { Target } from './http-client.ts'
import { ScriptedHost } from './scripted-host.ts'

const WORKER = fileURLToPath(new URL('../fixtures/evictable-worker.mjs', import.meta.url))
const ADMIN_TOKEN = 'admin-token-of-the-test'
/** The name that each test's server has. */
export const SERVER = 'scripted'

export interface ScriptedTenant {
  host: ScriptedHost
  /** The one of another placement. */
  hostAt(placement: string): ScriptedHost
  /** Its server's endpoint, with a token. */
  target: Target
  /** Another token, which may do less or ends sooner, at the same endpoint. */
  issue(token: { grants?: Grants; expiresAt?: number }): Promise<IssuedToken>
  /** Configures the server anew: `more` beside its command, and `others` beside the server. */
  putServer(more: object, others?: object): Promise<void>
  /** All servers by name. */
  putServers(servers: object): Promise<void>
  remove(): Promise<void>
  putSecret(name: string, value: string): Promise<void>
  /** The server host's memory and its link go, its storage stays. */
  evict(): Promise<void>
}

export interface IssuedToken {
  target: Target
  revoke(): Promise<void>
  /** The next token of the same principal; the old one ends after `overlapMs`. */
  rotate(overlapMs: number): Promise<Target>
}

export interface ScriptedGateway {
  tenant(more?: object): Promise<ScriptedTenant>
  /** Rows of a table, in the databases of all server hosts. */
  rows(table: string): Promise<Record<string, unknown>[]>
  logs: string[]
  /** The folder of the objects' databases. */
  storage: string
  stop(): Promise<void>
}

export async function startScriptedGateway(): Promise<ScriptedGateway> {
  /** By server host name. */
  const hosts = new Map<string, ScriptedHost>()
  let tenants = 0
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, { url = '' }) => {
    const name = decodeURIComponent(url.slice(LINK_PATH.length + 1))
    hosts.get(name)?.attach(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const storage = await mkdtemp(join(tmpdir(), 'hearth-scripted-'))
  const logs: string[] = []
  const workerd = await startWorkerd({
    bundle: await workerProgram(WORKER),
    host: '127.0.0.1',
    port: 0,
    storage,
    hostProgram: `127.0.0.1:${port}`,
    variables: { KEEP_ALIVE_MS: '500' },
    secrets: {
      ...{ ADMIN_TOKEN, TOKEN_PEPPER: 'pepper', HOST_PROGRAM_TOKEN: 'link' },
      MASTER_KEY: '0'.repeat(64),
    },
    onLine: (_level, text) => logs.push(text),
  })
  const admin = async (method: string, path: string, body: object): Promise<unknown> => {
    const response = await fetch(new URL(`/admin/tenants/${path}`, workerd.url), {
      method,
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
    return response.json()
  }
  return {
    logs,
    storage,
    async tenant(more = {}) {
      const name = `t${++tenants}`
      const hostAt = (placement?: string): ScriptedHost => {
        const host = new ScriptedHost()
        hosts.set(serverHostName(name, placement), host)
        return host
      }
      const host = hostAt()
      const putServers = async (servers: object): Promise<void> => {
        await admin('PUT', `${name}/servers`, servers)
      }
      const putServer = (config: object, others = {}): Promise<void> =>
        putServers({ [SERVER]: { command: 'scripted', ...config }, ...others })
      const putSecret = async (secret: string, value: string): Promise<void> => {
        await admin('PUT', `${name}/secrets/${secret}`, { value })
      }
      await putServer(more)
      const { token } = (await admin('POST', `${name}/tokens`, { name: 'test' })) as Target
      const evict = async (): Promise<void> => {
        const url = new URL(workerd.url)
        url.searchParams.set('reset', 'SERVER_HOST')
        url.searchParams.set('name', serverHostName(name))
        await fetch(url)
      }
      const url = `${workerd.url.origin}/mcp/${SERVER}`
      const issue = async (body: object): Promise<IssuedToken> => {
        const made = await admin('POST', `${name}/tokens`, { name: 'another', ...body })
        const { token, info } = made as { token: string; info: { keyId: string } }
        const path = `${name}/tokens/${info.keyId}`
        return {
          target: { token, url },
          revoke: async () => void (await admin('DELETE', path, {})),
          rotate: async (overlapMs) => {
            const next = (await admin('POST', `${path}/rotate`, { overlapMs })) as { token: string }
            return { token: next.token, url }
          },
        }
      }
      const remove = async () => void (await admin('DELETE', name, {}))
      const changes = { putServer, putServers, putSecret, remove }
      return { host, hostAt, ...changes, evict, issue, target: { token, url } }
    },
    rows: (table) => readRows(storage, table),
    async stop() {
      for (const socket of sockets.clients) socket.terminate()
      server.close()
      await workerd.stop()
      await rm(storage, { recursive: true, force: true })
    },
  }
}

async function readRows(storage: string, table: string): Promise<Record<string, unknown>[]> {
  const files = await readdir(storage, { recursive: true })
  return files
    .filter((path) => /LocalServerHost.*\/[0-9a-f]{64}\.sqlite$/.test(path))
    .flatMap((path) => {
      const database = new DatabaseSync(join(storage, path), { readOnly: true })
      try {
        return database.prepare(`SELECT * FROM ${table}`).all()
      } finally {
        database.close()
      }
    })
}
