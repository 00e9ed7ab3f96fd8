/** A tenant and a server host that remember what they were asked. */
import {
  decodeHostCall,
  readHostBody,
  type HostCall,
  type WarmReport,
} from '#protocol/host-call.ts'
import type { TenantStub, Verdict } from '#protocol/tenant.ts'
import { createApp } from '#worker/app.ts'
import { createVerdictCache } from '#worker/auth/verdict-cache.ts'
import type { CallRecord, Deps } from '#worker/context.ts'

export const KEY_ID = '0123abcd'
export const SECRET = 'ab'.repeat(32)
export const TOKEN = `hearth_acme_${KEY_ID}_${SECRET}`
export const ADMIN_TOKEN = 'admin-secret'
export const SESSION = `main.${'0f'.repeat(16)}`
export const VERDICT: Verdict = {
  tenant: 'acme',
  principal: `token:${KEY_ID}`,
  configVersion: 7,
  servers: ['everything'],
}

export interface Forwarded {
  placement: string
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
}

export function createFakes({ deps = {}, answers = [], warm }: FakeOptions = {}): Fakes {
  const fakes: Omit<Fakes, 'app'> = { forwarded: [], asked: [], lines: [], faults: [] }
  let calls = 0
  const app = createApp({
    tenant: (name) => createTenant(name, fakes.asked),
    serverHost: (tenant, placement) => ({
      async fetch(url, init) {
        const request = new Request(url, init)
        const { headers } = request
        const body = new TextDecoder().decode(await readHostBody(request.clone()))
        const call = decodeHostCall(headers)
        fakes.forwarded.push({ placement: `${tenant}:${placement}`, call, headers, body })
        const answer = answers[Math.min(calls++, answers.length - 1)]
        return answer === undefined ? Response.json({ answered: true }) : answer(request)
      },
      drain: () => Promise.resolve(),
      status: () => Promise.resolve(warm ?? { servers: [] }),
      warm: () => Promise.resolve(warm ?? { servers: [] }),
    }),
    verdicts: createVerdictCache(),
    adminToken: ADMIN_TOKEN,
    allowedOrigins: new Set(['https://app.example']),
    allowedHosts: new Set(),
    maxBodyBytes: 4096,
    log: {
      call: (record, outcome) => fakes.lines.push({ record: { ...record }, outcome }),
      fault: (_record, error) => fakes.faults.push(error.cause),
    },
    ...deps,
  })
  return { app, ...fakes }
}

function createTenant(name: string, asked: string[]): TenantStub {
  return {
    authenticate(keyId, secret) {
      asked.push(`${name}:${keyId}`)
      const known = name === 'acme' && keyId === KEY_ID && secret === SECRET
      return Promise.resolve(known ? VERDICT : undefined)
    },
    config: () => Promise.resolve(name === 'acme' ? { version: 7, servers: {} } : undefined),
    putServers: () => Promise.resolve(8),
    addToken: (_name, token) => Promise.resolve(token ?? TOKEN),
  }
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
