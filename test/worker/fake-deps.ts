/** A tenant and a server host that remember what they were asked. */
import { DEFAULT_CATALOG, type CatalogTarget } from '#protocol/catalog.ts'
import {
  decodeHostCall,
  readHostBody,
  type HostCall,
  type WarmReport,
} from '#protocol/host-call.ts'
import type { TenantPolicy, Verdict } from '#protocol/tenant.ts'
import type { TenantStub } from '#protocol/tenant-stub.ts'
import { createApp } from '#worker/app.ts'
import { Bodies } from '#worker/bodies/intake.ts'
import { GoodCredentials } from '#worker/auth/good-credentials.ts'
import { createKeySets } from '#worker/auth/key-sets.ts'
import { createKnownTenants } from '#worker/auth/known-tenants.ts'
import { createTrustCache } from '#worker/auth/trust-cache.ts'
import { createCatalogNames } from '#worker/mcp/catalog-names.ts'
import { HeldStreams } from '#worker/mcp/held-streams.ts'
import { createStorageRoom } from '#worker/storage-room.ts'
import { createVerdictCache } from '#worker/auth/verdict-cache.ts'
import type { Deps } from '#worker/context.ts'
import type { CallRecord } from '#worker/telemetry/record.ts'

export const KEY_ID = '0123abcd'
export const SECRET = 'ab'.repeat(32)
export const TOKEN = `hearth_acme_${KEY_ID}_${SECRET}`
export const ADMIN_TOKEN = 'admin-secret'
export const SESSION = `main.${'0f'.repeat(16)}`
export const POLICY: TenantPolicy = {
  configVersion: 7,
  servers: { everything: { requiredScopes: [], limits: [] } },
  limits: [],
  catalog: DEFAULT_CATALOG,
  routes: [],
  limiterShards: 1,
  authorizationServers: [],
}
export const VERDICT: Verdict = {
  tenant: 'acme',
  principal: `token:${KEY_ID}`,
  credential: `token:${KEY_ID}`,
  grants: { scopes: ['*'] },
  policy: POLICY,
}

export interface Forwarded {
  tenant: string
  call: HostCall
  headers: Headers
  body: string
}

export interface Fakes {
  app: ReturnType<typeof createApp>
  forwarded: Forwarded[]
  asked: string[]
  lines: { record: CallRecord; outcome: string }[]
  faults: unknown[]
}

export interface FakeOptions {
  deps?: Partial<Deps>
  /** What the n-th call of the server host does; the last one goes on. */
  answers?: ((request: Request) => Promise<Response>)[]
  warm?: WarmReport
  /** What names of the catalog stand for. */
  names?: Record<string, CatalogTarget>
  /** Methods of the tenant `acme` in the place of those here. */
  acme?: Partial<TenantStub>
}

export function createFakes({
  deps = {},
  answers = [],
  warm,
  names = {},
  acme,
}: FakeOptions = {}): Fakes {
  const fakes: Omit<Fakes, 'app'> = { forwarded: [], asked: [], lines: [], faults: [] }
  let calls = 0
  const app = createApp({
    tenant: (name) => createTenant(name, fakes.asked, acme),
    serverHost: (tenant) => ({
      async fetch(url, init) {
        const request = new Request(url, init)
        const { headers } = request
        const body = new TextDecoder().decode(await readHostBody(request.clone()))
        const call = decodeHostCall(headers)
        fakes.forwarded.push({ tenant, call, headers, body })
        const answer = answers[Math.min(calls++, answers.length - 1)]
        return answer === undefined ? Response.json({ answered: true }) : answer(request)
      },
      configChanged: () => Promise.resolve(),
      resolveName({ kind, name }) {
        fakes.asked.push(`${tenant}:resolve ${kind} ${name}`)
        return Promise.resolve(names[name])
      },
      tools: () => Promise.reject(new Error('nothing was listed here')),
      approveTool: () => Promise.reject(new Error('nothing was listed here')),
      drain: () => Promise.resolve(),
      status: () => Promise.resolve(warm ?? { servers: [] }),
      origins: () => Promise.resolve({ isAwake: false, origins: [] }),
      console: () => Promise.resolve({ isAwake: false, isCut: false, lines: [] }),
      warm: () => Promise.resolve(warm ?? { servers: [] }),
      endCredential(credential, at) {
        fakes.asked.push(`${tenant}:end ${credential}${at === undefined ? '' : ` at ${at}`}`)
        return Promise.resolve()
      },
      remove(version) {
        fakes.asked.push(`${tenant}:remove ${version}`)
        return Promise.resolve()
      },
    }),
    directory: () => ({
      add: () => Promise.resolve(),
      remove: () => Promise.resolve(),
      has: (name) => Promise.resolve(name === 'acme'),
      tryToWrite: () => Promise.resolve(),
      list: () => Promise.resolve({ items: [] }),
    }),
    knownTenants: createKnownTenants(() => ({ has: (name) => Promise.resolve(name === 'acme') })),
    limiter: () => ({ take: () => Promise.reject(new Error('nothing is limited here')) }),
    room: createStorageRoom(() => Promise.resolve()),
    verdicts: createVerdictCache(),
    catalogNames: createCatalogNames(),
    heldStreams: new HeldStreams(),
    trusts: createTrustCache(),
    goodCredentials: new GoodCredentials(),
    keySets: createKeySets({ fetch, now: Date.now }),
    adminToken: ADMIN_TOKEN,
    allowedOrigins: new Set(['https://app.example']),
    allowedHosts: new Set(),
    maxBodyBytes: 4096,
    bodies: new Bodies(),
    log: {
      call: (record, outcome) => fakes.lines.push({ record: { ...record }, outcome }),
      fault: (_record, error) => fakes.faults.push(error.cause),
    },
    ...deps,
  })
  return { app, ...fakes }
}

function createTenant(name: string, asked: string[], acme: Partial<TenantStub> = {}): TenantStub {
  const isKnown = name === 'acme'
  const methods: Partial<TenantStub> = {
    authenticate(keyId, secret) {
      asked.push(`${name}:${keyId}`)
      const known = isKnown && keyId === KEY_ID && secret === SECRET
      return Promise.resolve(known ? VERDICT : undefined)
    },
    trust() {
      asked.push(`${name}:trust`)
      return Promise.resolve(isKnown ? { policy: POLICY, issuers: [] } : undefined)
    },
    servers: () => Promise.resolve(isKnown ? { version: 7, servers: {} } : undefined),
    summary() {
      const counts = { servers: 1, tokens: 1 }
      const found = { tenant: name, createdAt: 1, configVersion: 7, ...counts }
      return Promise.resolve(isKnown ? found : undefined)
    },
    putServers: () => Promise.resolve(8),
    recordRefusal: () => Promise.resolve(),
    ...(isKnown && acme),
  }
  return methods as TenantStub
}

export const POST_HEADERS = {
  Authorization: `Bearer ${TOKEN}`,
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
}

export function post(message: unknown, headers: Record<string, string> = {}): RequestInit {
  const body = typeof message === 'string' ? message : JSON.stringify(message)
  return { method: 'POST', headers: { ...POST_HEADERS, ...headers }, body }
}
