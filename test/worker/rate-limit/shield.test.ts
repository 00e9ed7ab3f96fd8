/** The shield against floods: its keys, and the real binding in workerd. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ERRORS } from '#protocol/errors.ts'
import type { FloodShield } from '#worker/context.ts'
import { RETRY_AFTER_MS, toNetwork } from '#worker/rate-limit/shield.ts'
import { createVerdictCache } from '#worker/auth/verdict-cache.ts'
import { createFakes, KEY_ID, post, SECRET, TOKEN, VERDICT } from '../fake-deps.ts'
import { expectError, initialize, URL_OF_SERVER } from '../requests.ts'
import { startShielded, type ShieldedWorker } from './start-shielded.ts'

describe('an address is counted', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2:ffff::', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::2:3:4:5:6:7:8', '1:2:3:4::/64'],
  ])('%s as %s', (address, key) => {
    expect(toNetwork(address)).toBe(key)
  })

  test.each(['', 'x', ':', ':::', 'a::b::c', '1:2:3:4:5:6:7:8:9::', '%', 'x'.repeat(5000)])(
    'even when it is %j',
    (address) => {
      expect(typeof toNetwork(address)).toBe('string')
    },
  )
})

describe('a request', () => {
  const from = (address: string) => post(initialize, { 'CF-Connecting-IP': address })

  function createShield(success: boolean) {
    const keys: string[] = []
    const limit: FloodShield['limit'] = ({ key }) => {
      keys.push(key)
      return Promise.resolve({ success })
    }
    return { keys, floodShield: { limit } }
  }

  test('of a flood is refused before anything is looked up', async () => {
    const { keys, floodShield } = createShield(false)
    const { app, asked, forwarded } = createFakes({ deps: { floodShield } })

    const response = await app.request(URL_OF_SERVER, from('192.0.2.7'))

    expect(response.headers.get('Retry-After')).toBe(String(RETRY_AFTER_MS / 1000))
    await expectError(response, 'flooding', null)
    expect([keys, asked, forwarded]).toEqual([['address 192.0.2.7'], [], []])
  })

  test('with a credential that was found good is counted with that, from any address', async () => {
    const { keys, floodShield } = createShield(true)
    const { app } = createFakes({ deps: { floodShield } })

    for (const address of ['192.0.2.7', '192.0.2.7', '192.0.2.8']) {
      await app.request(URL_OF_SERVER, from(address))
    }

    const credential = `credential acme token:${KEY_ID}`
    expect(keys).toEqual(['address 192.0.2.7', credential, credential])
  })

  test('with a made-up credential is counted with its address, however many are made up', async () => {
    const { keys, floodShield } = createShield(true)
    const { app } = createFakes({ deps: { floodShield } })
    const madeUp = [
      ...Array.from({ length: 5 }, (_, n) => `hearth_acme_0000000${n}_${SECRET}`),
      ...[`hearth_acme_${KEY_ID}_${'0'.repeat(64)}`, 'a.b.c', 'x'],
    ]

    await app.request(URL_OF_SERVER, from('192.0.2.9'))
    for (const token of madeUp) {
      const headers = { 'CF-Connecting-IP': '192.0.2.7', Authorization: `Bearer ${token}` }
      for (let n = 0; n < 2; n++) await app.request(URL_OF_SERVER, post(initialize, headers))
    }

    expect(new Set(keys.slice(1))).toEqual(new Set(['address 192.0.2.7']))
  })

  test('with a credential that has ended is counted with its address again', async () => {
    const { keys, floodShield } = createShield(true)
    let isRevoked = false
    const verdict = () => Promise.resolve(isRevoked ? undefined : VERDICT)
    const verdicts = createVerdictCache()
    const { app } = createFakes({
      deps: { floodShield, verdicts },
      acme: { authenticate: verdict },
    })
    await app.request(URL_OF_SERVER, from('192.0.2.7'))
    isRevoked = true
    verdicts.forget('acme')
    for (let n = 0; n < 2; n++) await app.request(URL_OF_SERVER, from('192.0.2.7'))

    expect(keys.slice(-2)).toEqual([`credential acme token:${KEY_ID}`, 'address 192.0.2.7'])
  })

  test.each([
    '/mcp/x',
    '/t/acme/mcp/x',
    '/ready',
    '/admin/tenants',
    '/.well-known/oauth-protected-resource/t/a',
    '/nothing',
  ])('to %s is counted, with and without a token', async (path) => {
    const { app } = createFakes({ deps: createShield(false) })
    for (const headers of [{}, { Authorization: `Bearer ${TOKEN}` }]) {
      const init = { headers: { 'CF-Connecting-IP': '192.0.2.7', ...headers } }

      expect((await app.request(path, init)).status).toBe(ERRORS.flooding.status)
    }
  })

  test('to /health is never refused', async () => {
    const { keys, floodShield } = createShield(false)
    const { app } = createFakes({ deps: { floodShield } })

    const init = { headers: { 'CF-Connecting-IP': '192.0.2.7' } }
    expect((await app.request('/health', init)).status).toBe(200)
    expect(keys).toEqual([])
  })

  test('is let through where it cannot be counted', async () => {
    const failures: FloodShield['limit'][] = [
      () => Promise.reject(new Error('down')),
      () => {
        throw new Error('down')
      },
    ]
    for (const limit of failures) {
      const { app } = createFakes({ deps: { floodShield: { limit } } })
      expect((await app.request(URL_OF_SERVER, from('192.0.2.7'))).status).toBe(200)
    }
    const { app } = createFakes({ deps: createShield(false) })
    expect((await app.request(URL_OF_SERVER, post(initialize))).status).toBe(200)
    expect((await createFakes().app.request(URL_OF_SERVER, from('192.0.2.7'))).status).toBe(200)
  })
})

test('the time to wait is the period that wrangler.toml asks for', () => {
  const text = readFileSync(new URL('../../../wrangler.toml', import.meta.url), 'utf8')
  const [, table = ''] = text.split('[[ratelimits]]')
  const [, period] = /name = "FLOOD_SHIELD"[^[]*period = (\d+)/.exec(table) ?? []

  expect(Number(period) * 1000).toBe(RETRY_AFTER_MS)
})

test('no two rate limits of wrangler.toml share a namespace, which is the whole account’s', () => {
  const text = readFileSync(new URL('../../../wrangler.toml', import.meta.url), 'utf8')
  const ids = [...text.matchAll(/^namespace_id = "(\d+)"$/gm)].map(([, id]) => id)

  expect(ids.length).toBeGreaterThan(0)
  expect(new Set(ids).size).toBe(ids.length)
  // The one of Cloudflare's examples, which other workers of the account may use.
  expect(ids).not.toContain('1001')
})

describe('in workerd, with the binding of Miniflare', () => {
  const LIMIT = 20
  let worker: ShieldedWorker

  beforeAll(async () => {
    worker = await startShielded(LIMIT)
  }, 30_000)
  afterAll(() => worker.stop())

  const statusOf = async (address: string, path = '/mcp/echo', token?: string) => {
    const response = await fetch(new URL(path, worker.url), {
      headers: {
        'CF-Connecting-IP': address,
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
    })
    await response.text()
    return response.status
  }

  test('an address that floods is refused, others are not', async () => {
    const statuses: number[] = []
    // A period begins with the minute, and may do so in the middle.
    for (let n = 0; n < 2 * LIMIT + 1; n++) statuses.push(await statusOf('192.0.2.7'))

    expect(new Set(statuses)).toEqual(new Set([401, 429]))
    expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(LIMIT)
    expect(await statusOf('192.0.2.8')).toBe(401)
    expect(await statusOf('192.0.2.7', '/health')).toBe(200)
  })

  test('a good credential passes from an address that floods, and is bounded from all together', async () => {
    await worker.admin('PUT', 'acme/servers', { echo: { command: 'x' } })
    const made = await worker.admin('POST', 'acme/tokens', { name: 'one' })
    const { token } = (await made.json()) as { token: string }
    // A GET without a session goes no further than the worker.
    const good = (address: string) => statusOf(address, '/mcp/echo', token)
    expect(await good('198.51.100.1')).toBe(400)

    const madeUp = `${token.slice(0, -8)}00000000`
    // A new period may begin at any time.
    for (const other of [undefined, madeUp]) {
      const isFlood = async () => (await statusOf('198.51.100.2', '/mcp/echo', other)) === 429
      await vi.waitUntil(isFlood, { interval: 1, timeout: 10_000 })
    }
    const statuses: number[] = []
    for (let n = 0; n < 2 * LIMIT + 1; n++) statuses.push(await good(`198.51.100.${2 + n}`))

    expect(statuses.slice(0, LIMIT - 1)).toEqual(Array(LIMIT - 1).fill(400))
    expect(statuses).toContain(429)
  })
})
