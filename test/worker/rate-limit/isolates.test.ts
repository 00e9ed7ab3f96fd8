/** Several isolates of the real worker, over one real object, by the real clock. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorker, type RunningWorker } from '../start-worker.ts'
import type { LimitInput } from './claims.ts'
import { worstExcess } from './lease-world.ts'
import { createTenant, type LimitedTenant } from './tenant.ts'

const ENTRY = fileURLToPath(new URL('fixtures/answering-host.mjs', import.meta.url))
const ISOLATES = 4
/** Clients that each send a call when the former is answered. */
const CLIENTS = 8
const REQUESTS = 1_200
const WINDOW_MS = 10_000
/** A tenth of it. */
const LEASE_MS = 1_000

let worker: RunningWorker
beforeAll(async () => {
  worker = await startWorker(ENTRY, { isolates: ISOLATES })
}, 60_000)
afterAll(() => worker.stop())

interface Run {
  /** When each admitted call was answered. */
  admitted: number[]
  requests: number
  /** Of the RateLimiter object. */
  calls: number
  /** From the sending of a call to its answer, at most. */
  longestMs: number
  perSecond: number
}

async function load(tenant: LimitedTenant): Promise<Run> {
  const run: Run = {
    admitted: [],
    requests: 0,
    calls: -(await limiterCalls()),
    longestMs: 0,
    perSecond: 0,
  }
  const begin = Date.now()
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    while (run.requests < REQUESTS) await callOnce(tenant, client % ISOLATES, run)
  })
  await Promise.all(clients)
  run.perSecond = (run.requests * 1_000) / (Date.now() - begin)
  run.calls += await limiterCalls()
  return run
}

async function callOnce(tenant: LimitedTenant, isolate: number, run: Run): Promise<void> {
  const sentAt = Date.now()
  run.requests++
  const response = await tenant.call(isolate)
  await response.arrayBuffer()
  const now = Date.now()
  run.longestMs = Math.max(run.longestMs, now - sentAt)
  if (response.status === 200) run.admitted.push(now)
  else if (response.status !== 429) throw new Error(`answered ${response.status}`)
}

async function limiterCalls(): Promise<number> {
  const counts = worker.urls.map(async (url) => {
    const response = await fetch(new URL('/limiter-calls', url))
    return (await response.json()) as number
  })
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

const shared = { name: 'hot', per: 'tenant', onFailure: 'closed', windowMs: WINDOW_MS } as const

describe.each<{
  limit: LimitInput
  allowed: (ms: number) => number
  least: (ms: number) => number
}>([
  {
    limit: { ...shared, algorithm: 'token-bucket', limit: 1_500, burst: 100 },
    allowed: (ms) => 100 + ((ms + LEASE_MS) * 1_500) / WINDOW_MS,
    least: (ms) => 0.6 * (100 + (ms * 1_500) / WINDOW_MS),
  },
  {
    limit: { ...shared, algorithm: 'sliding-window', limit: 400 },
    allowed: (ms) => 400 * Math.ceil((ms + LEASE_MS) / WINDOW_MS),
    least: () => 360,
  },
])('$limit.algorithm', ({ limit, allowed, least }) => {
  test(`${ISOLATES} isolates admit no more than the bound, and ask for less than half of the calls`, async () => {
    const tenant = await createTenant(worker, limit.algorithm, [limit])
    const { admitted, requests, calls, longestMs, perSecond } = await load(tenant)

    // An answer is seen up to `longestMs` after the call was counted.
    expect(worstExcess(admitted, (ms) => allowed(ms + longestMs))).toBeLessThanOrEqual(0)
    expect(perSecond).toBeGreaterThan(200)
    expect(requests).toBeGreaterThan(admitted.length)
    expect(admitted.length).toBeGreaterThan(least((requests * 1_000) / perSecond))
    expect(calls / requests).toBeLessThan(0.5)
  })
})

test('fixed windows together admit no more than their limits, and little less', async () => {
  const limit: LimitInput = { ...shared, algorithm: 'fixed-window', limit: 200, windowMs: 1_000 }
  const tenant = await createTenant(worker, 'fixed-window', [limit])
  const begin = Date.now()
  const { admitted } = await load(tenant)
  const windows = Math.floor(Date.now() / 1_000) - Math.floor(begin / 1_000) + 1

  expect(admitted.length).toBeLessThanOrEqual(200 * windows)
  expect(admitted.length).toBeGreaterThan(150)
})

test('with room for all, few of the calls ask the object', async () => {
  const limits: LimitInput[] = [
    { ...shared, algorithm: 'token-bucket', limit: 100_000 },
    { ...shared, name: 'mine', per: 'principal', algorithm: 'sliding-window', limit: 100_000 },
    { ...shared, name: 'tool', per: 'tool', algorithm: 'fixed-window', limit: 100_000 },
    { name: 'month', per: 'principal', algorithm: 'quota', limit: 1_000_000, period: 'month' },
  ]
  const tenant = await createTenant(worker, 'roomy', limits)
  const { admitted, requests, calls } = await load(tenant)

  expect(admitted).toHaveLength(requests)
  expect(calls / requests).toBeLessThan(0.3)
})
