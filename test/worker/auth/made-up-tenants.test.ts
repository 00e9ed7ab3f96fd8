/** Names that are no tenant's: asking about them leaves nothing on the disk. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKnownTenants } from '#worker/auth/known-tenants.ts'
import { ADMIN_TOKEN, startWorker, type RunningWorker } from '../start-worker.ts'
import { initialize } from '../requests.ts'

const NAMES = 1_000
const AT_ONCE = 25
const CLASSES = ['Tenant', 'LocalServerHost', 'RateLimiter', 'Directory']
const JWT = [{ alg: 'RS256' }, { iss: 'https://issuer.example', sub: 'ada' }, 'signature']
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.')

let worker: RunningWorker
let own: string
/** Each has names of its own: a refusal is kept for a while. */
let rounds = 0

beforeAll(async () => {
  worker = await startWorker()
  await worker.admin('PUT', 'acme/servers', { everything: { command: 'true' } })
  const made = await worker.admin('POST', 'acme/tokens', { name: 'mine', scopes: ['*', 'admin'] })
  own = ((await made.json()) as { token: string }).token
})

afterAll(() => worker.stop())

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })
const tokenOf = (tenant: string) => `hearth_${tenant}_0123abcd_${'ab'.repeat(32)}`
const get = (path: string, headers = {}): Promise<Response> =>
  fetch(new URL(path, worker.url), { headers })
const post = (path: string, headers = {}): Promise<Response> =>
  fetch(new URL(path, worker.url), {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify(initialize),
  })
const operator = (method: string, path: string): Promise<Response> =>
  fetch(new URL(`/admin/tenants/${path}`, worker.url), { method, headers: bearer(ADMIN_TOKEN) })

const PROBES: Record<string, (tenant: string) => Promise<Response>> = {
  'the metadata of a tenant': (tenant) =>
    get(`/.well-known/oauth-protected-resource/t/${tenant}/mcp/everything`),
  'a tenant’s endpoint, without a credential': (tenant) => post(`/t/${tenant}/mcp/everything`),
  'a tenant’s endpoint, with a made-up token of its own': (tenant) =>
    post(`/t/${tenant}/mcp`, bearer(tokenOf(tenant))),
  'a tenant’s endpoint, with a JWT': (tenant) => post(`/t/${tenant}/mcp`, bearer(JWT)),
  'a tenant’s readiness, with a JWT': (tenant) => get(`/t/${tenant}/ready`, bearer(JWT)),
  'an endpoint, with a made-up token': (tenant) => post('/mcp/everything', bearer(tokenOf(tenant))),
  'a stream of HTTP+SSE, with a made-up token': (tenant) =>
    get('/sse/everything', bearer(tokenOf(tenant))),
  'the control plane, with a made-up token': (tenant) =>
    get(`/admin/tenants/${tenant}/servers`, bearer(tokenOf(tenant))),
  'the control plane, with a JWT': (tenant) => get(`/admin/tenants/${tenant}/tokens`, bearer(JWT)),
  'the control plane, as another tenant’s administrator': (tenant) =>
    get(`/admin/tenants/${tenant}/servers`, bearer(own)),
}

/** By mistake: the operator may make tenants, but not with these. */
const MISTYPED: Record<string, (tenant: string) => Promise<Response>> = {
  'a tenant': (tenant) => operator('GET', tenant),
  'its end': (tenant) => operator('DELETE', tenant),
  'its status': (tenant) => operator('GET', `${tenant}/status`),
  'its drain': (tenant) => operator('POST', `${tenant}/drain`),
  'its tokens': (tenant) => operator('GET', `${tenant}/tokens`),
  'its rewrapping': (tenant) => operator('POST', `${tenant}/secrets/rewrap`),
}

async function countDatabases(): Promise<number> {
  const found = await Promise.all(CLASSES.map((name) => worker.databases(name)))
  return found.flat().length
}

async function probe(count: number, ask: (tenant: string) => Promise<Response>): Promise<number[]> {
  const statuses = new Set<number>()
  const round = ++rounds
  const tenants = Array.from({ length: count }, (_, n) => `ghost-${round}-${n}`)
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let tenant = tenants.pop(); tenant !== undefined; tenant = tenants.pop()) {
        const response = await ask(tenant)
        statuses.add(response.status)
        await response.arrayBuffer()
      }
    }),
  )
  return [...statuses]
}

test.each(Object.entries(PROBES))(
  'a thousand made-up names make no database: %s',
  async (_kind, ask) => {
    const before = await countDatabases()

    const statuses = await probe(NAMES, ask)

    expect(statuses.every((status) => status === 401 || status === 404)).toBe(true)
    expect(await countDatabases()).toBe(before)
  },
)

test.each(Object.entries(MISTYPED))(
  'a name that the operator mistypes makes no database: %s',
  async (_kind, ask) => {
    const before = await countDatabases()

    expect(await probe(AT_ONCE, ask)).toEqual([404])

    expect(await countDatabases()).toBe(before)
  },
)

test('a tenant that was made a moment after it was asked for is found at once by who made it', async () => {
  expect((await operator('GET', 'late')).status).toBe(404)
  expect((await operator('PUT', 'late')).status).toBe(200)

  expect((await operator('GET', 'late')).status).toBe(200)
})

test('what is overloaded locks nobody out: the tenant’s own object is asked', async () => {
  const overloaded = Object.assign(new Error('too many requests'), { overloaded: true })
  const known = createKnownTenants(() => ({ has: () => Promise.reject(overloaded) }))

  expect(await known.has('acme', 0)).toBe(true)
})

test('a name is asked about once: for good where it is a tenant’s, else for five seconds', async () => {
  const asked: string[] = []
  const known = createKnownTenants(() => ({
    has: (name) => Promise.resolve(asked.push(name) > 0 && name === 'acme'),
  }))
  for (const now of [0, 4_999, 5_000]) await known.has('ghost', now)
  for (const now of [0, 1, 1e12]) await known.has('acme', now)

  expect(asked).toEqual(['ghost', 'ghost', 'acme'])
})
