import { describe, expect, test } from 'vitest'
import type { Ask, CounterSpec } from '#protocol/limiter.ts'
import type { CounterState } from '#durable-objects/rate-limiter/algorithms/by-name.ts'
import { decide } from '#durable-objects/rate-limiter/decide.ts'

const NOW = Date.parse('2026-11-30T23:59:59.700Z')
const bucket: CounterSpec = { algorithm: 'token-bucket', limit: 10, windowMs: 60_000, burst: 10 }
const quota: CounterSpec = { algorithm: 'quota', limit: 10, period: 'month' }
const askFor = (spec: CounterSpec, cost: number, more: Partial<Ask> = {}): Ask => ({
  ...{ limit: 'one', subject: '', spec, cost, want: cost },
  ...more,
})

/** Decides, and returns the states after it, too. */
function run(asks: Ask[], states: (CounterState | undefined)[] = [], now = NOW) {
  const { answer, changes } = decide(asks, states, now)
  const after = asks.map((_, index) => states[index])
  for (const { index, state } of changes) after[index] = state
  return { answer, changes, after }
}

test('all of the limits are charged', () => {
  const { answer, after } = run([askFor(bucket, 1), askFor(quota, 4)])

  expect(answer).toMatchObject({ admitted: true, grants: [{ granted: 1 }, { granted: 4 }] })
  expect(run([askFor(bucket, 10), askFor(quota, 7)], after).answer).toEqual({
    admitted: false,
    refusals: [
      { index: 0, retryAfterMs: 6_000 },
      { index: 1, retryAfterMs: 300 },
    ],
  })
})

test('one that refuses keeps the others from being charged, and it alone is named', () => {
  const used = run([askFor(bucket, 10)]).after
  const { answer, changes } = run([askFor(quota, 4), askFor(bucket, 1)], [undefined, ...used])

  expect(answer).toEqual({ admitted: false, refusals: [{ index: 1, retryAfterMs: 6_000 }] })
  expect(changes).toEqual([])
})

describe('a lease', () => {
  test.each([
    { want: 6, granted: 6 },
    { want: 50, granted: 10 },
    { want: 1, granted: 3 },
  ])('of $want is granted as $granted of 10 to a cost of 3', ({ want, granted }) => {
    const { answer } = run([askFor(bucket, 3, { want })])

    expect(answer).toMatchObject({ grants: [{ granted }] })
  })

  const window = (
    algorithm: 'token-bucket' | 'sliding-window' | 'fixed-window',
    windowMs: number,
  ) => ({ algorithm, limit: 10, windowMs, burst: 10 }) as CounterSpec
  test.each([
    { spec: window('token-bucket', 60_000), leaseMs: 1_000 },
    { spec: window('token-bucket', 5_000), leaseMs: 500 },
    { spec: window('sliding-window', 60_000), leaseMs: 1_000 },
    { spec: window('sliding-window', 100), leaseMs: 10 },
    { spec: window('fixed-window', 60_000), leaseMs: 300 },
    { spec: window('fixed-window', 1_000), leaseMs: 100 },
    { spec: quota, leaseMs: 300 },
    { spec: { ...quota, period: 'day' } as CounterSpec, leaseMs: 300 },
  ])(
    'lives 1 s, a tenth of the window, or to the end of it: $spec.algorithm $spec.windowMs',
    ({ spec, leaseMs }) => {
      expect(run([askFor(spec, 1)]).answer).toMatchObject({ grants: [{ leaseMs }] })
    },
  )
})

describe('what a quota gets back', () => {
  const epoch = Date.parse('2026-11-01')
  const back = { amount: 3, epoch }

  test('counts before the new charge', () => {
    const { after } = run([askFor(quota, 10)])

    expect(run([askFor(quota, 3, { back })], after).answer.admitted).toBe(true)
    expect(run([askFor(quota, 4, { back })], after).answer.admitted).toBe(false)
  })

  test('is kept when the request itself is refused', () => {
    const { after } = run([askFor(quota, 10)])
    const refused = run([askFor(quota, 4, { back })], after)

    expect(run([askFor(quota, 3)], refused.after).answer.admitted).toBe(true)
    expect(run([askFor(quota, 4)], refused.after).answer.admitted).toBe(false)
  })

  test('of a rate is nothing', () => {
    const { after } = run([askFor(bucket, 10)])

    expect(run([askFor(bucket, 1, { back })], after).answer.admitted).toBe(false)
  })
})

test('a row says when it is as good as none', () => {
  expect(run([askFor(bucket, 5), askFor(quota, 1)]).changes).toMatchObject([
    { freshAt: NOW + 30_000 },
    { freshAt: Date.parse('2026-12-01') },
  ])
})
