/** A tenant's catalog and routes: stored, versioned, audited, and what of them is the operator's. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEFAULT_CATALOG } from '#protocol/catalog.ts'
import type { TenantSummary } from '#protocol/tenant.ts'
import { createSend, expectCode, type Send } from '../../worker/admin/send.ts'
import { EVICTABLE, startWorker, type RunningWorker } from '../../worker/start-worker.ts'
import { createTenant, type TenantFixture } from './tenant-fixture.ts'

let worker: RunningWorker

beforeAll(async () => {
  worker = await startWorker(EVICTABLE)
})

afterAll(() => worker.stop())

const SERVERS = { one: { command: 'node' }, two: { command: 'node' } }
const route = { name: 'r', match: { tools: ['one__*'] }, servers: ['one', 'two'] }
const DEFAULTS = { priority: 0, strategy: 'failover', requiredScopes: [], limits: [] }
const stored = {
  ...{ ...DEFAULTS, ...route },
  servers: [
    { server: 'one', weight: 1 },
    { server: 'two', weight: 1 },
  ],
}
const limits = [
  { name: 'few', per: 'tenant', algorithm: 'sliding-window', limit: 5, windowMs: 60_000 },
]

async function versionOf(name: string): Promise<number> {
  const { body } = await createSend(worker)<TenantSummary>('GET', `tenants/${name}`)
  return body.configVersion
}

async function asAdmin(name: string, tenant: TenantFixture, scope = 'admin'): Promise<Send> {
  const { token } = await tenant.createToken({ name: 'own', grants: { scopes: [scope] } })
  const send = createSend(worker, token)
  return (method, path, ...rest) => send(method, `tenants/${name}/${path}`, ...rest)
}

describe('the catalog', () => {
  test('has its defaults until it is set, and after what was left out', async () => {
    const { send } = await createTenant(worker, 'catalogued', SERVERS)

    expect((await send('GET', 'catalog')).body).toEqual(DEFAULT_CATALOG)
    await send('PUT', 'catalog', { naming: 'conflict', separator: '-' })
    expect((await send('GET', 'catalog')).body).toEqual({
      ...{ ...DEFAULT_CATALOG, naming: 'conflict', separator: '-' },
    })
    await send('PUT', 'catalog', {})
    expect((await send('GET', 'catalog')).body).toEqual(DEFAULT_CATALOG)
  })

  test('is another version for server hosts where it is another one, with its audit row', async () => {
    const { send, audit } = await createTenant(worker, 'versioned', SERVERS)

    expect((await send('PUT', 'catalog', { tools: 'lazy' })).body).toEqual({ version: 2 })
    expect((await send('PUT', 'catalog', { tools: 'lazy' })).body).toEqual({ version: 2 })
    expect(await versionOf('versioned')).toBe(2)
    const { items } = await audit()
    expect(items.filter(({ action }) => action === 'catalog.put')).toMatchObject([
      { outcome: 'ok', actor: { by: 'operator' }, detail: { version: 2 } },
    ])
    await worker.evict('TENANT', 'versioned')
    expect((await send('GET', 'catalog')).body).toMatchObject({ tools: 'lazy' })
  })

  test('that is none is refused with what is wrong', async () => {
    const { send } = await createTenant(worker, 'miscatalogued', SERVERS)
    const answer = await send('PUT', 'catalog', { naming: 'never' })

    expectCode(answer, 400, 'invalid_config')
    expect(answer.text).toContain('naming: ')
  })
})

describe('routes', () => {
  test('are as they were put, and go with all that has to know of them', async () => {
    const { send, audit } = await createTenant(worker, 'routed', SERVERS)

    expect((await send('GET', 'routes')).body).toEqual({ routes: [] })
    expect((await send('PUT', 'routes', { routes: [route] })).body).toEqual({ version: 2 })
    expect((await send('PUT', 'routes', { routes: [route] })).body).toEqual({ version: 2 })
    await worker.evict('TENANT', 'routed')
    expect((await send('GET', 'routes')).body).toEqual({ routes: [stored] })
    await send('PUT', 'routes', { routes: [{ ...route, priority: 3 }, { name: 'rest' }] })
    expect(await versionOf('routed')).toBe(3)
    const { items } = await audit()
    expect(items.slice(0, 2)).toMatchObject([
      { action: 'routes.put', detail: { version: 3, added: ['rest'], changed: ['r'] } },
      { action: 'routes.put', detail: { version: 2, added: ['r'] } },
    ])
  })

  test('to servers that there are not are refused, and nothing changes', async () => {
    const tenant = await createTenant(worker, 'misrouted', SERVERS)
    const answer = await tenant.send('PUT', 'routes', {
      routes: [{ ...route, servers: ['one', 'three'] }],
    })

    expectCode(answer, 400, 'invalid_config')
    expect(answer.text).toContain(
      'the route \\"r\\" has \\"three\\", and there is no such server: there are',
    )
    expect(await versionOf('misrouted')).toBe(1)
  })

  test('whose patterns are none are refused with what is wrong', async () => {
    const { send } = await createTenant(worker, 'mispatterned', SERVERS)
    const answer = await send('PUT', 'routes', {
      routes: [{ name: 'r', match: { tools: ['one__[ab]'] } }],
    })

    expectCode(answer, 400, 'invalid_config')
    expect(answer.text).toContain('[ begins no class here')
  })
})

describe('a principal of the tenant', () => {
  test('may set routes and the catalog, without limits', async () => {
    const tenant = await createTenant(worker, 'owned', SERVERS)
    const send = await asAdmin('owned', tenant, 'admin:servers')

    expect((await send('PUT', 'routes', { routes: [route] })).status).toBe(200)
    expect((await send('PUT', 'catalog', { separator: '-' })).status).toBe(200)
    expectCode(await send('PUT', 'routes', { routes: [{ ...route, limits }] }), 403, 'forbidden')
    const visitor = await asAdmin('owned', tenant, 'admin:tokens')
    for (const path of ['routes', 'catalog', 'explain?name=one__x']) {
      expectCode(await visitor('GET', path), 403, 'forbidden')
    }
  })

  const limited = { ...route, limits }
  test.each<[what: string, routes: object[]]>([
    ['no limit', [route]],
    ['a greater one', [{ ...route, limits: [{ ...limits[0], limit: 500 }] }]],
    ['another pattern', [{ ...limited, match: { tools: ['other'] } }]],
    ['no route', []],
    ['another name', [{ ...limited, name: 'other' }]],
    [
      'a route that is looked at first',
      [limited, { name: 'x', match: { tools: ['*'] }, priority: 9 }],
    ],
    ['another order', [{ name: 'x', match: { tools: ['*'] } }, limited]],
  ])('cannot lift a limit of a route by %s', async (what, routes) => {
    const name = `limited-${what.replaceAll(' ', '-')}`
    const tenant = await createTenant(worker, name, SERVERS)
    await tenant.send('PUT', 'routes', { routes: [limited] })
    const send = await asAdmin(name, tenant)

    expectCode(await send('PUT', 'routes', { routes }), 403, 'forbidden')
    expect((await tenant.send('GET', 'routes')).body).toMatchObject({
      routes: [{ ...stored, limits }],
    })
    expect((await tenant.audit()).items[0]).toMatchObject({
      ...{ action: 'routes.put', outcome: 'forbidden' },
    })
  })

  test('cannot lift one by writing names in another way, but may choose servers', async () => {
    const tenant = await createTenant(worker, 'separated', SERVERS)
    await tenant.send('PUT', 'routes', { routes: [limited] })
    const send = await asAdmin('separated', tenant)

    expectCode(await send('PUT', 'catalog', { separator: '-' }), 403, 'forbidden')
    expect((await send('PUT', 'catalog', { tools: 'lazy' })).status).toBe(200)
    const changed = { ...limited, servers: ['two'], requiredScopes: ['mfa'], timeoutMs: 5 }
    expect((await send('PUT', 'routes', { routes: [changed] })).status).toBe(200)
  })
})
