import { describe, expect, test } from 'vitest'
import {
  giveBack,
  takeFromQuota,
  type QuotaSpec,
} from '#durable-objects/rate-limiter/algorithms/quota.ts'
import { describeLimitAlgorithm } from '#test/contracts/limit-algorithm.ts'

const spec = (limit: number, period: QuotaSpec['period']): QuotaSpec => ({
  algorithm: 'quota',
  ...{ limit, period },
})
const DAY_MS = 86_400_000
/** A calendar day or month of ISO 8601. */
const nameOf = (at: number, period: QuotaSpec['period']): string =>
  new Date(at).toISOString().slice(0, period === 'day' ? 10 : 7)

describeLimitAlgorithm({
  take: takeFromQuota,
  cases: [
    {
      name: '100 each day',
      ...{ spec: spec(100, 'day'), capacity: 100, slipMs: DAY_MS, pauseMs: DAY_MS / 10 },
    },
    {
      name: '3,000 each month',
      ...{ spec: spec(3_000, 'month'), capacity: 3_000, slipMs: DAY_MS, pauseMs: 2 * DAY_MS },
    },
  ],
  isAdmissible(log, { limit, period }, { at, cost }) {
    const name = nameOf(at, period)
    const others = log.findLastIndex((earlier) => nameOf(earlier.at, period) !== name)
    return log.slice(others + 1).reduce((sum, earlier) => sum + earlier.cost, cost) <= limit
  },
})

describe('a period ends', () => {
  test.each([
    { period: 'day', now: '2026-11-30T23:59:59.999Z', end: '2026-12-01T00:00:00Z' },
    { period: 'month', now: '2026-11-30T23:59:59.999Z', end: '2026-12-01T00:00:00Z' },
    { period: 'month', now: '2028-02-01T00:00:00Z', end: '2028-03-01T00:00:00Z' },
    { period: 'month', now: '2026-12-31T12:00:00Z', end: '2027-01-01T00:00:00Z' },
    { period: 'day', now: '2028-02-29T00:00:00Z', end: '2028-03-01T00:00:00Z' },
  ] as const)('a $period of $now at $end', ({ period, now, end }) => {
    const at = Date.parse(now)
    const { state } = takeFromQuota(undefined, spec(1, period), 1, at)

    expect(takeFromQuota(state, spec(1, period), 1, at)).toMatchObject({
      admitted: false,
      retryAfterMs: Date.parse(end) - at,
    })
  })
})

describe('what is given back', () => {
  const now = Date.parse('2026-11-30T12:00:00Z')
  const epoch = Date.parse('2026-11-30T00:00:00Z')
  const { state } = takeFromQuota(undefined, spec(10, 'day'), 10, now)

  test('may be taken again, and no more', () => {
    const credited = giveBack(state, { amount: 3, epoch })

    expect(takeFromQuota(credited, spec(10, 'day'), 3, now)).toMatchObject({ remaining: 0 })
    expect(takeFromQuota(credited, spec(10, 'day'), 4, now).admitted).toBe(false)
  })

  test('is worth nothing in another period, or where nothing is counted', () => {
    expect(giveBack(state, { amount: 3, epoch: epoch - DAY_MS })).toBe(state)
    expect(giveBack(undefined, { amount: 3, epoch })).toBeUndefined()
  })

  test('never makes more than the limit', () => {
    const credited = giveBack(state, { amount: 1_000, epoch })

    expect(takeFromQuota(credited, spec(10, 'day'), 11, now).admitted).toBe(false)
  })
})
