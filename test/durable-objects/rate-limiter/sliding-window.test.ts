import { expect, test } from 'vitest'
import {
  MAX_STEPS,
  takeFromSlidingWindow,
  type SlidingWindowSpec,
} from '#durable-objects/rate-limiter/algorithms/sliding-window.ts'
import { describeLimitAlgorithm, type Admission } from '#test/contracts/limit-algorithm.ts'

const spec = (limit: number, windowMs: number): SlidingWindowSpec => ({
  algorithm: 'sliding-window',
  ...{ limit, windowMs },
})
const given = (name: string, one: SlidingWindowSpec, pauseMs: number) => ({
  ...{ name, spec: one, capacity: one.limit, slipMs: one.windowMs, pauseMs },
})

function isWithin(
  log: readonly Admission[],
  { limit }: SlidingWindowSpec,
  { at, cost }: Admission,
  windowMs: number,
): boolean {
  let sum = cost
  for (const earlier of log.toReversed()) {
    if (earlier.at <= at - windowMs) break
    sum += earlier.cost
  }
  return sum <= limit
}

describeLimitAlgorithm({
  take: takeFromSlidingWindow,
  cases: [
    given('5 in any second', spec(5, 1_000), 200),
    given('1 in any 100 ms', spec(1, 100), 50),
    given('100 in any minute', spec(100, 60_000), 1_000),
    given('a thousand million in any month', spec(1e9, 31 * 86_400_000), 86_400_000),
  ],
  isAdmissible: (log, one, next) => isWithin(log, one, next, one.windowMs),
})

describeLimitAlgorithm({
  take: takeFromSlidingWindow,
  cases: [
    {
      ...given('more moments than are kept: 300 in any 2 s', spec(300, 2_000), 8),
      ...{ slipMs: 20, largestCost: 1, steps: 2_000 },
    },
  ],
  isAdmissible: (log, one, next) => isWithin(log, one, next, one.windowMs),
  // Calls may count a 64th of the window longer, and no more.
  mayRefuse: (log, one, next) =>
    !isWithin(log, one, next, one.windowMs + Math.ceil(one.windowMs / 64)),
})

test('however many calls come, the state stays small', () => {
  const one = spec(1e6, 60_000)
  let { state } = takeFromSlidingWindow(undefined, one, 1, 0)
  for (let now = 1; now < 30_000; now++) {
    state = takeFromSlidingWindow(state, one, 1, now).state
    expect(state?.steps.length).toBeLessThanOrEqual(MAX_STEPS)
  }
  expect(JSON.stringify(state).length).toBeLessThan(4_000)
})
