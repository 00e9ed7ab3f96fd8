import { describe, expect, test } from 'vitest'
import { Limit, Limits } from '#protocol/limits.ts'

const shared = { name: 'one', per: 'tenant', limit: 5 }
const rate = { ...shared, algorithm: 'sliding-window', windowMs: 60_000 }
const quota = { ...shared, algorithm: 'quota', period: 'day' }
const concurrency = { ...shared, algorithm: 'concurrency' }

test('rates fail open and quotas closed, unless they say otherwise', () => {
  expect(Limit.parse(rate)).toEqual({ ...rate, onFailure: 'open' })
  expect(Limit.parse({ ...rate, onFailure: 'closed' })).toMatchObject({ onFailure: 'closed' })
  expect(Limit.parse(quota)).toEqual({ ...quota, onFailure: 'closed' })
  expect(Limit.parse({ ...quota, onFailure: 'open' })).toMatchObject({ onFailure: 'open' })
})

describe('is refused:', () => {
  test.each([
    [
      'onFailure of a concurrency limit, which nothing can fail',
      { ...concurrency, onFailure: 'open' },
    ],
    ['a window of a quota', { ...quota, windowMs: 1_000 }],
    ['a burst of a window', { ...rate, burst: 3 }],
    ['a limit of nothing', { ...rate, limit: 0 }],
    ['half a call', { ...rate, limit: 1.5 }],
    ['a window too short', { ...rate, windowMs: 99 }],
    ['a window over 31 days', { ...rate, windowMs: 31 * 86_400_000 + 1 }],
    ['a negative cost', { ...quota, costs: [{ tools: '*', cost: -1 }] }],
    ['an unknown level', { ...rate, per: 'server' }],
    ['an unknown algorithm', { ...rate, algorithm: 'leaky-bucket' }],
    ['a name that a header could not carry', { ...rate, name: 'a"b' }],
    ['an unknown key', { ...rate, match: { tool: ['x'] } }],
  ])('%s', (_, limit) => {
    expect(Limit.safeParse(limit).success).toBe(false)
  })
})

test('names differ within a list, and there are 32 at most', () => {
  const many = Array.from({ length: 33 }, (_, at) => ({ ...rate, name: `limit-${at}` }))

  expect(Limits.safeParse([rate, { ...quota }]).error?.issues[0]?.message).toBe('names must differ')
  expect(Limits.safeParse(many.slice(1)).success).toBe(true)
  expect(Limits.safeParse(many).success).toBe(false)
})
