/** The shield against floods: its keys, and the real binding in workerd. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ERRORS } from '#protocol/errors.ts'
import type { FloodShield } from '#worker/context.ts'
import { RETRY_AFTER_MS, toFloodKey } from '#worker/rate-limit/shield.ts'
import { createFakes, post, TOKEN } from '../fake-deps.ts'
import { expectError, initialize, URL_OF_SERVER } from '../requests.ts'
import { startWorker, type RunningWorker } from '../start-worker.ts'

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
    expect(toFloodKey(address)).toBe(key)
  })

  test.each(['', 'x', ':', ':::', 'a::b::c', '1:2:3:4:5:6:7:8:9::', '%', 'x'.repeat(5000)])(
    'even when it is %j',
    (address) => {
      expect(typeof toFloodKey(address)).toBe('string')
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
    expect([keys, asked, forwarded]).toEqual([['192.0.2.7'], [], []])
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

describe('in workerd', () => {
  const LIMIT = 20
  let worker: RunningWorker

  beforeAll(async () => {
    worker = await startWorker(undefined, { floodShield: { limit: LIMIT, period: 60 } })
  }, 30_000)
  afterAll(() => worker.stop())

  const statusOf = async (address: string, path = '/mcp/echo') => {
    const response = await fetch(new URL(path, worker.url), {
      headers: { 'CF-Connecting-IP': address },
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
})
