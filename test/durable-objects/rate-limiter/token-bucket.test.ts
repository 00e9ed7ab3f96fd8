import { expect, test } from 'vitest'
import {
  takeTokens,
  type TokenBucketSpec,
} from '#durable-objects/rate-limiter/algorithms/token-bucket.ts'
import { describeLimitAlgorithm } from '#test/contracts/limit-algorithm.ts'

const spec = (limit: number, windowMs: number, burst = limit): TokenBucketSpec => ({
  algorithm: 'token-bucket',
  ...{ limit, windowMs, burst },
})
const given = (name: string, one: TokenBucketSpec, pauseMs: number) => ({
  ...{ name, spec: one, capacity: one.burst, slipMs: one.windowMs, pauseMs },
})

describeLimitAlgorithm({
  take: takeTokens,
  cases: [
    given('5 each second', spec(5, 1_000), 300),
    given('7 each 3 s, which does not divide', spec(7, 3_000), 400),
    given('10 each minute, 2 at once', spec(10, 60_000, 2), 4_000),
    given('3 each 100 ms, 50 at once', spec(3, 100, 50), 60),
    given('1 each month', spec(1, 31 * 86_400_000), 86_400_000),
    given('a thousand million each month', spec(1e9, 31 * 86_400_000), 86_400_000),
  ],
  /** In any interval at most the burst and what the rate brings, to the fraction. */
  isAdmissible(log, { limit, windowMs, burst }, { at, cost }) {
    if (cost > burst) return false
    let sum = BigInt(cost)
    for (const earlier of log.toReversed()) {
      sum += BigInt(earlier.cost)
      const most = BigInt(burst) * BigInt(windowMs) + BigInt(at - earlier.at) * BigInt(limit)
      if (sum * BigInt(windowMs) > most) return false
    }
    return true
  },
})

test('a smaller burst counts at once, and so does a larger one', () => {
  const { state } = takeTokens(undefined, spec(10, 1_000), 1, 0)

  expect(takeTokens(state, spec(10, 1_000, 4), 5, 0).admitted).toBe(false)
  expect(takeTokens(state, spec(10, 1_000, 4), 4, 0).admitted).toBe(true)
  expect(takeTokens(state, spec(10, 1_000, 20), 20, 1_100).admitted).toBe(true)
})
