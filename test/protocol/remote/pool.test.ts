/** What the presets of a pool come to, and that what is set wins over them. */
import { describe, expect, test } from 'vitest'
import { PoolSettings, resolvePool } from '#protocol/remote/pool.ts'

const THROUGHPUT = {
  maxConnections: 32,
  keepAliveMs: 60_000,
  requestTimeoutMs: 120_000,
  allowH2: true,
}
const SERVERLESS = {
  maxConnections: 8,
  keepAliveMs: 4_000,
  requestTimeoutMs: 30_000,
  allowH2: true,
}
const CONSERVATIVE = {
  maxConnections: 4,
  keepAliveMs: 10_000,
  requestTimeoutMs: 60_000,
  allowH2: false,
}

const TABLE = [
  { settings: {}, pool: THROUGHPUT },
  { settings: { preset: 'throughput' }, pool: THROUGHPUT },
  { settings: { preset: 'serverless' }, pool: SERVERLESS },
  { settings: { preset: 'conservative' }, pool: CONSERVATIVE },
  { settings: { maxConnections: 2 }, pool: { ...THROUGHPUT, maxConnections: 2 } },
  { settings: { allowH2: false }, pool: { ...THROUGHPUT, allowH2: false } },
  {
    settings: { preset: 'serverless', keepAliveMs: 9, requestTimeoutMs: 10 },
    pool: { ...SERVERLESS, keepAliveMs: 9, requestTimeoutMs: 10 },
  },
  {
    settings: {
      preset: 'conservative',
      maxConnections: 1,
      keepAliveMs: 2,
      requestTimeoutMs: 3,
      allowH2: true,
    },
    pool: { maxConnections: 1, keepAliveMs: 2, requestTimeoutMs: 3, allowH2: true },
  },
]

describe('a pool', () => {
  test.each(TABLE)('of $settings', ({ settings, pool }) => {
    expect(resolvePool(PoolSettings.parse(settings))).toEqual(pool)
  })

  test.each([
    { preset: 'fast' },
    { maxConnections: 0 },
    { maxConnections: 1.5 },
    { keepAliveMs: 0 },
    { requestTimeoutMs: -1 },
    { allowH2: 'yes' },
    { allowH3: true },
  ])('is refused: %j', (settings) => {
    expect(PoolSettings.safeParse(settings).success).toBe(false)
  })
})
