/** The gateway with two tenants that have the same servers, and the tokens of those who call. */
import { mkdtemp, rm } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startChildServer, type ChildServer } from '#test/support/child-server.ts'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway, type GatewayOptions } from '#test/support/gateway.ts'
import { workerdPid } from '#test/support/memory.ts'
import { waitUntil } from '#test/support/processes.ts'
import {
  CALLERS,
  principalName,
  SERVERS,
  TENANTS,
  type Caller,
  type Principal,
  type ServerName,
} from './callers.ts'
import { CALL_MS } from './requests.ts'
import { writeOwner } from './stamps.ts'

/** The same in both tenants: their principals have one name. */
const KEY_IDS = { alice: '0a11ce00', bob: '000b0b00' }
const START_MS = 30_000
const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url))

export interface World {
  readonly gateway: Gateway
  target(caller: Caller): { url: string; token: string }
  /** SIGKILL for the worker and all objects. Until others are there, callers wait. */
  killWorkerd(): Promise<void>
  /** Stops the gateway and starts it again, over the same data. Until it is there, callers wait. */
  restart(): Promise<void>
  /** Kills the remote server with all of its sessions; the next one knows nothing of them. */
  restartRemote(): Promise<void>
  /** Resolves when the gateway is there. */
  ready(): Promise<void>
  stop(): Promise<void>
}

/** Those that a caller reaches. */
export function serversOf({ endpoint }: Caller): readonly ServerName[] {
  return endpoint === 'catalog' ? SERVERS : [endpoint]
}

export async function startWorld(): Promise<World> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'hearth-property-'))
  const remote = await startChildServer(
    [`${FIXTURES}remote/http.mjs`, `${FIXTURES}servers/stamps.mjs`],
    'listening',
  )
  const servers = configure(remote)
  const start = (): Promise<Gateway> => {
    return startGateway({ servers, dataFolder, logLevel: 'error', warm: false })
  }
  let gateway = await start()
  let starting: Promise<unknown> = Promise.resolve()
  const tokens = await makeTenants(gateway, servers)
  return {
    get gateway() {
      return gateway
    },
    target: (caller) => ({
      url: `${gateway.url}${pathOf(caller)}`,
      token: tokens.get(principalName(caller)) ?? '',
    }),
    async killWorkerd() {
      process.kill(workerdPid(), 'SIGKILL')
      starting = waitUntil(() => isUp(gateway), 'workerd does not come back', START_MS)
      await starting
    },
    async restart() {
      starting = gateway.stop().then(async () => {
        gateway = await start()
      })
      await starting
    },
    async restartRemote() {
      await remote.kill()
      await remote.start()
    },
    ready: async () => void (await starting),
    async stop() {
      await gateway.stop()
      await remote.kill()
      await rm(dataFolder, { recursive: true, force: true })
    },
  }
}

async function isUp({ url }: Gateway): Promise<boolean> {
  const response = await fetch(`${url}/health`).catch(() => undefined)
  await response?.arrayBuffer()
  return response?.ok === true
}

function pathOf({ road, endpoint }: Caller): string {
  const base = road === 'sse' ? '/sse' : '/mcp'
  return endpoint === 'catalog' ? base : `${base}/${endpoint}`
}

function configure(remote: ChildServer): GatewayOptions['servers'] {
  const common = {
    timeoutMs: { call: CALL_MS, start: 30_000 },
    // It would refuse calls for what was done to others.
    resilience: { breaker: false as const },
  }
  const cache = { use: 'cache' as const, match: { tools: ['cached'] }, per: 'principal' as const }
  return {
    own: fixture('stamps', common),
    shared: fixture('stamps', { ...common, sharing: 'shared', transform: [cache] }),
    pool: fixture('stamps', { ...common, sharing: 'pool' }),
    personal: fixture('stamps', {
      ...common,
      env: { OWNER: '${principal:OWNER}' },
      transform: [cache],
    }),
    modern: fixture('stamps-modern', { ...common, transform: [cache] }),
    remote: { ...common, url: `http://127.0.0.1:${remote.port}/mcp`, allowPrivate: true },
  } satisfies Record<ServerName, object>
}

async function makeTenants(
  gateway: Gateway,
  servers: GatewayOptions['servers'],
): Promise<Map<string, string>> {
  const admin = async (method: string, path: string, body: object): Promise<void> => {
    const response = await fetch(`${gateway.url}/admin/tenants/${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${gateway.adminToken}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`)
  }
  for (const tenant of TENANTS) await admin('PUT', `${tenant}/servers`, servers)
  const tokens = new Map<string, string>()
  for (const principal of principals()) {
    const { tenant, name } = principal
    const token = `hearth_${tenant}_${KEY_IDS[name]}_${randomBytes(32).toString('hex')}`
    await admin('POST', `${tenant}/tokens`, { name, token, grants: { scopes: ['*'] } })
    const secret = `${tenant}/principals/token:${KEY_IDS[name]}/secrets/OWNER`
    await admin('PUT', secret, { value: writeOwner(principalName(principal)) })
    tokens.set(principalName(principal), token)
  }
  return tokens
}

function principals(): Principal[] {
  return [...new Map(CALLERS.map((caller) => [principalName(caller), caller])).values()]
}
