/** RateLimiter objects that fail, in workerd: a call ends as its limits say, and in time. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorker, type RunningWorker } from '../start-worker.ts'
import type { LimitInput } from './claims.ts'
import { createTenant } from './tenant.ts'

const ENTRY = fileURLToPath(new URL('fixtures/answering-host.mjs', import.meta.url))
/** The limiter's own second, and what a busy machine takes. */
const IN_TIME_MS = 6_000

const limit = (onFailure: 'open' | 'closed'): LimitInput => ({
  ...{ name: 'one', per: 'tenant', algorithm: 'token-bucket', limit: 1_000, windowMs: 60_000 },
  onFailure,
})

let worker: RunningWorker
beforeAll(async () => {
  worker = await startWorker(ENTRY)
}, 30_000)
afterAll(() => worker.stop())

describe.each(['throws', 'hangs', 'resets'])('an object that %s', (fault) => {
  test('lets calls pass where the limit fails open', async () => {
    const tenant = await createTenant(worker, `open-${fault}`, [limit('open')])
    const begin = Date.now()
    const responses = [await tenant.call(), await tenant.call(), await tenant.call()]

    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(Date.now() - begin).toBeLessThan(IN_TIME_MS)
  })

  test('has calls refused where the limit fails closed, and the cause is for the log alone', async () => {
    const tenant = await createTenant(worker, `closed-${fault}`, [limit('closed')])
    const begin = Date.now()
    const response = await tenant.call()
    const text = await response.text()

    expect(Date.now() - begin).toBeLessThan(IN_TIME_MS)
    expect(response.status).toBe(503)
    expect(response.headers.get('Retry-After')).toBe('1')
    expect(JSON.parse(text)).toMatchObject({
      error: { code: -32016, data: { code: 'limiter_unavailable', retryAfterMs: 1_000 } },
    })
    expect(text).not.toMatch(/private|reset in/)
    const requestId = response.headers.get('X-Request-Id') ?? ''
    await expect
      .poll(() => worker.lines.filter((line) => line.includes(requestId)).join('\n'))
      .toMatch(/"event":"fault"[^]*"outcome":"limiter_unavailable"/)
  })
})
