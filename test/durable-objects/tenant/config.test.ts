import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IssuersReport, TenantSummary } from '#protocol/tenant.ts'
import { createSend, expectCode, type Send } from '../../worker/admin/send.ts'
import { EVICTABLE, startWorker, type RunningWorker } from '../../worker/start-worker.ts'
import { createTenant, isAccepted } from './tenant-fixture.ts'

let worker: RunningWorker
let operator: Send

beforeAll(async () => {
  worker = await startWorker(EVICTABLE)
  operator = createSend(worker)
})

afterAll(() => worker.stop())

const servers = { echo: { command: 'node' } }
const hs256 = {
  ...{ name: 'shared', issuer: 'https://idp.example', algorithms: ['HS256'] },
  keys: { secret: 'JWT_KEY' },
}

async function put(tenant: string, path: string, body: object): Promise<number | undefined> {
  const { version } = (
    await operator<{ version?: number }>('PUT', `tenants/${tenant}/${path}`, body)
  ).body
  return version
}

async function versionOf(tenant: string): Promise<number> {
  return (await operator<TenantSummary>('GET', `tenants/${tenant}`)).body.configVersion
}

describe('the version of a configuration', () => {
  test('grows with each change of the servers, and only then', async () => {
    expect(await put('counter', 'servers', servers)).toBe(1)
    expect(await put('counter', 'servers', servers)).toBe(1)
    expect(await put('counter', 'servers', {})).toBe(2)
    expect(await put('counter', 'servers/echo', { command: 'node' })).toBe(3)
    expect(await put('counter', 'servers/echo', { command: 'node' })).toBe(3)
    expect(await put('counter', 'limits', { limits: [] })).toBeUndefined()
    expect(await versionOf('counter')).toBe(3)
  })

  test('grows with each change of a secret', async () => {
    const { send } = await createTenant(worker, 'secretive')

    await send('PUT', 'secrets/KEY', { value: 'one' })
    await send('PUT', 'principals/token:0a0b0c0d/secrets/KEY', { value: 'two' })
    await send('DELETE', 'secrets/KEY')

    expect(await versionOf('secretive')).toBe(4)
  })

  test('of a deleted tenant is not begun again', async () => {
    const { send } = await createTenant(worker, 'reborn')
    await send('PUT', 'secrets/KEY', { value: 'one' })
    await operator('DELETE', 'tenants/reborn')

    await operator('PUT', 'tenants/reborn')

    expect(await versionOf('reborn')).toBe(3)
  })
})

describe('a tenant', () => {
  test('is made once, and may be made again', async () => {
    const { body: first } = await operator<TenantSummary>('PUT', 'tenants/made')
    const { body: second } = await operator<TenantSummary>('PUT', 'tenants/made')

    expect(first).toMatchObject({ tenant: 'made', configVersion: 0, servers: 0, tokens: 0 })
    expect(second).toEqual(first)
  })

  test('that was never made is not made by questions', async () => {
    const before = (await worker.databases('hearth-Tenant')).length

    for (const path of ['', '/servers', '/tokens', '/secrets', '/limits', '/issuers', '/audit']) {
      expectCode(await operator('GET', `tenants/nobody${path}`), 404, 'tenant_not_found')
    }
    for (const path of ['/tokens/0a0b0c0d', '/secrets/KEY', '/servers/echo', '']) {
      expectCode(await operator('DELETE', `tenants/nobody${path}`), 404, 'tenant_not_found')
    }
    expect(await isAccepted(worker, `hearth_nobody_0a0b0c0d_${'7'.repeat(64)}`)).toBe(false)

    await worker.restart()
    const stored = await worker.storedText()
    expect(await worker.databases('hearth-Tenant')).toHaveLength(before)
    expect(stored).not.toContain('nobody')
  })

  test('that is deleted leaves its number and who deleted it', async () => {
    const { send, createToken } = await createTenant(worker, 'gone')
    await send('PUT', 'secrets/KEY', { value: 'one' })
    const { token } = await createToken({ name: 'findable-name-of-the-gone' })

    expect((await operator('DELETE', 'tenants/gone')).status).toBe(200)

    expect(await isAccepted(worker, token)).toBe(false)
    expectCode(await send('GET', 'audit'), 404, 'tenant_not_found')
    await operator('PUT', 'tenants/gone')
    const { body } = await send<{ items: object[] }>('GET', 'audit')
    expect(body.items).toMatchObject([{ action: 'tenant.create' }, { action: 'tenant.delete' }])
    expect((await send('GET', 'tokens')).body).toEqual({ tokens: [] })
    expect((await send('GET', 'secrets')).body).toEqual({ secrets: [] })
  })

  test('with more configuration than a row holds is refused, and stays as it was', async () => {
    const { send } = await createTenant(worker, 'large')
    const env = Object.fromEntries(
      Array.from({ length: 10 }, (_, n) => [`K${n}`, 'x'.repeat(60_000)]),
    )

    const big = { command: 'node', env }

    expectCode(await send('PUT', 'servers/big', big), 400, 'invalid_config')
    expectCode(await operator('PUT', 'tenants/larger/servers', { big }), 400, 'invalid_config')

    expectCode(await operator('GET', 'tenants/larger'), 404, 'tenant_not_found')
    expect(Object.keys((await send<{ servers: object }>('GET', 'servers')).body.servers)).toEqual([
      'echo',
    ])
  })

  test('has what it had after an eviction', async () => {
    const { send } = await createTenant(worker, 'lasting')
    const limits = [{ name: 'all', per: 'tenant', algorithm: 'concurrency', limit: 4 }]
    await send('PUT', 'limits', { limits, shards: 3 })
    await send('PUT', 'issuers', { issuers: [hs256] })

    await worker.evict('TENANT', 'lasting')

    expect((await send('GET', 'limits')).body).toEqual({ limits, shards: 3 })
    expect((await send('GET', 'issuers')).body).toMatchObject({ issuers: [hs256] })
  })
})

test('an issuer whose secret is not set is named', async () => {
  const { send } = await createTenant(worker, 'trusting')
  const reported = async () => (await send<IssuersReport>('GET', 'issuers')).body.withoutSecret

  await send('PUT', 'issuers', { issuers: [hs256] })
  expect(await reported()).toEqual(['shared'])

  await send('PUT', 'secrets/JWT_KEY', { value: 'a-key-of-thirty-two-bytes-or-more' })
  expect(await reported()).toEqual([])
})

describe('a remote server at a private address', () => {
  const remote = (host: string, more = {}) => ({ url: `http://${host}/mcp`, ...more })

  test.each(['127.0.0.1', '2130706433', '[::ffff:10.0.0.1]', 'localhost.', 'db.internal'])(
    'at %s is refused unless that is allowed',
    async (host) => {
      const { send } = await createTenant(worker, 'private')

      const refused = await send('PUT', 'servers/inner', remote(host))
      expectCode(refused, 400, 'invalid_config')
      expect(refused.text).toContain('is not on the public internet')
      const allowed = remote(host, { allowPrivate: true })
      expect((await send('PUT', 'servers/inner', allowed)).status).toBe(200)
    },
  )

  test('is allowed by the operator alone, for one URL and one way to it', async () => {
    const { send, createToken } = await createTenant(worker, 'inward')
    const { token } = await createToken({ name: 'admin', grants: { scopes: ['admin'] } })
    const admin = createSend(worker, token)
    const put = async (more: object, url = 'http://10.0.0.1/mcp') => {
      const path = 'tenants/inward/servers/inner'
      return (await admin('PUT', path, { url, ...more })).status
    }

    expect(await put({ allowPrivate: true })).toBe(403)
    expect(
      (await send('PUT', 'servers/inner', remote('10.0.0.1', { allowPrivate: true }))).status,
    ).toBe(200)
    expect(await put({ allowPrivate: true, headers: { 'X-A': 'b' } })).toBe(200)
    expect(await put({ allowPrivate: true }, 'http://10.0.0.2/mcp')).toBe(403)
    expect(await put({ allowPrivate: true, via: 'host' })).toBe(403)
    expect(await put({ allowPrivate: true }, 'https://a.example/mcp')).toBe(403)
    expect(await put({}, 'https://a.example/mcp')).toBe(200)
    expect(await put({ allowPrivate: true })).toBe(403)
  })

  test('is told of by what was meant, not by what it is not', async () => {
    const { send } = await createTenant(worker, 'told')
    const why = async (server: object) =>
      JSON.stringify((await send('PUT', 'servers/x', server)).body)

    expect(await why({ url: 'nowhere' })).toContain('url: must be a URL')
    expect(await why({ url: 'https://a.example', headers: { Host: 'b' } })).toContain(
      'headers: Host',
    )
    expect(await why({ url: 'https://a.example', comand: 'x' })).toContain('comand')
    expect(await why({ command: 'node', args: 'x' })).toContain('args: ')
    expect(await why({})).toContain('command: ')
    expect(await why({ url: 'https://me:hunter2@a.example' })).not.toContain('hunter2')
  })
})

describe('a placement', () => {
  const at = (placement: string) => ({ command: 'node', placement })

  test('is made by the operator alone, and used by the tenant’s own administration', async () => {
    const { send, createToken } = await createTenant(worker, 'placed')
    const { token } = await createToken({ name: 'admin', grants: { scopes: ['admin'] } })
    const admin = createSend(worker, token)
    const put = (name: string, server: object) =>
      admin('PUT', `tenants/placed/servers/${name}`, server)

    const refused = await put('first', at('own'))
    expectCode(refused, 403, 'forbidden')
    expect(refused.text).toContain('first.placement')
    expect((await send('PUT', 'servers/first', at('own'))).status).toBe(200)
    expect((await put('second', at('own'))).status).toBe(200)
    expect((await put('first', at('main'))).status).toBe(200)
    expect((await put('third', at('other'))).status).toBe(403)
    // Nothing of it is in a server host.
    const edge = { url: 'https://a.example', placement: 'other' }
    expect((await put('third', edge)).status).toBe(200)
  })

  test('has a name that a Durable Object’s can hold, and a tenant has eight', async () => {
    const { send } = await createTenant(worker, 'places')

    for (const name of ['', 'Own', 'a:b', '-a', 'x'.repeat(33)]) {
      expectCode(await send('PUT', 'servers/bad', at(name)), 400, 'invalid_config')
    }
    const names = Array.from({ length: 8 }, (_, n) => `p${n}`)
    const servers = Object.fromEntries(names.map((name) => [name, at(name)]))
    expect((await send('PUT', 'servers', servers)).status).toBe(200)
    const refused = await send('PUT', 'servers/ninth', at('p9'))
    expectCode(refused, 400, 'invalid_config')
    expect(refused.text).toContain('at most 8 placements')
    expect((await send('PUT', 'servers/ninth', at('p8'))).status).toBe(400)
    expect((await send('PUT', 'servers/p7', at('p8'))).status).toBe(200)
  })
})

test('the secret that an issuer’s key is in is given to no server', async () => {
  const { send } = await createTenant(worker, 'apart')
  const server = { command: 'node', env: { KEY: '${secret:JWT_KEY}' } }
  const own = { command: 'node', env: { KEY: '${principal:JWT_KEY}' } }

  await send('PUT', 'issuers', { issuers: [hs256] })
  expectCode(await send('PUT', 'servers/thief', server), 400, 'invalid_config')
  expect((await send('PUT', 'servers/own', own)).status).toBe(200)

  await send('PUT', 'issuers', { issuers: [] })
  expect((await send('PUT', 'servers/thief', server)).status).toBe(200)
  expectCode(await send('PUT', 'issuers', { issuers: [hs256] }), 400, 'invalid_config')
})
