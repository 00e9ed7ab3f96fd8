import {
  takeFromFixedWindow,
  type FixedWindowSpec,
} from '#durable-objects/rate-limiter/algorithms/fixed-window.ts'
import { describeLimitAlgorithm } from '#test/contracts/limit-algorithm.ts'

const spec = (limit: number, windowMs: number): FixedWindowSpec => ({
  algorithm: 'fixed-window',
  ...{ limit, windowMs },
})
const given = (name: string, one: FixedWindowSpec, pauseMs: number) => ({
  ...{ name, spec: one, capacity: one.limit, slipMs: one.windowMs, pauseMs },
})

describeLimitAlgorithm({
  take: takeFromFixedWindow,
  cases: [
    given('5 each second', spec(5, 1_000), 200),
    given('3 each 7 s', spec(3, 7_000), 1_500),
    given('1 each 100 ms', spec(1, 100), 40),
    given('a thousand million each month', spec(1e9, 31 * 86_400_000), 86_400_000),
  ],
  isAdmissible(log, { limit, windowMs }, { at, cost }) {
    const begin = Math.floor(at / windowMs) * windowMs
    const same = log.filter((earlier) => earlier.at >= begin)
    return same.reduce((sum, earlier) => sum + earlier.cost, cost) <= limit
  },
})
