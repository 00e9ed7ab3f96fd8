import { describe, expect, test } from 'vitest'
import { toErrorObject } from '#protocol/errors.ts'
import { toRefusal } from '#worker/rate-limit/refusal.ts'
import { callOf, claimsOf, type LimitInput } from './claims.ts'

const rate = (changes: object = {}): LimitInput =>
  ({
    ...{ name: 'search', per: 'tool', algorithm: 'sliding-window', limit: 5, windowMs: 60_000 },
    ...changes,
  }) as LimitInput
const quota = (changes: object = {}): LimitInput =>
  ({
    ...{ name: 'daily', per: 'principal', algorithm: 'quota', limit: 100, period: 'day' },
    ...changes,
  }) as LimitInput

function refuse(limit: LimitInput, retryAfterMs: number) {
  const [claim] = claimsOf({ limits: [limit] })
  return toRefusal([{ claim: claim!, retryAfterMs }])
}

describe('a model reads', () => {
  test.each([
    [
      rate(),
      11_400,
      'Too many calls: the limit "search" allows 5 calls each 60 s for this tool; try again in 12 s',
    ],
    [
      rate({ per: 'tenant', limit: 1, windowMs: 500 }),
      120,
      'Too many calls: the limit "search" allows 1 call each 0.5 s for all callers together; try again in 1 s',
    ],
    [
      rate({ per: 'principal', algorithm: 'token-bucket', burst: 2 }),
      119_000,
      'Too many calls: the limit "search" allows 5 calls each 60 s, at most 2 at once, for each caller; try again in 119 s',
    ],
    [
      quota(),
      3 * 3_600_000 + 1,
      'The quota is used up: the limit "daily" allows 100 calls each calendar day (UTC) for each caller; try again in 4 h',
    ],
    [
      quota({ period: 'month', costs: [{ tools: '*', cost: 10 }] }),
      9 * 86_400_000,
      'The quota is used up: the limit "daily" allows 100 units each calendar month (UTC) for each caller, and this call costs 10; try again in 9 d',
    ],
    [
      quota({ costs: [{ tools: '*', cost: 200 }] }),
      Infinity,
      'The quota is used up: the limit "daily" allows 100 units each calendar day (UTC) for each caller, and this call costs 200; such a call is never allowed, so do not try again',
    ],
  ])('%o after %d ms', (limit, retryAfterMs, message) => {
    expect(refuse(limit, retryAfterMs).message).toBe(message)
  })
})

test('a program reads the limit, its scope and the exact time', () => {
  expect(toErrorObject(refuse(rate(), 11_400))).toMatchObject({
    code: -32013,
    data: {
      ...{ code: 'rate_limited', retryable: true },
      ...{ limit: 'search', scope: 'tool', retryAfterMs: 11_400 },
    },
  })
  expect(toErrorObject(refuse(quota(), 60_000))).toMatchObject({
    code: -32014,
    data: { code: 'quota_exceeded', limit: 'daily', scope: 'principal', retryAfterMs: 60_000 },
  })
})

test('what is never allowed is not told to be tried again', () => {
  const { data } = toErrorObject(refuse(quota({ costs: [{ tools: '*', cost: 200 }] }), Infinity))

  expect(data.retryable).toBe(false)
  expect(data).not.toHaveProperty('retryAfterMs')
})

describe('the fields', () => {
  test.each([
    [rate(), 11_400, '"search";q=5;w=60', '"search";r=0;t=12'],
    [rate({ windowMs: 100 }), 1, '"search";q=5;w=1', '"search";r=0;t=1'],
    [
      rate({ algorithm: 'token-bucket', burst: 50 }),
      500,
      '"search";q=5;w=60;hearth-burst=50',
      '"search";r=0;t=1',
    ],
    [quota(), 3_600_000, '"daily";q=100;w=86400', '"daily";r=0;t=3600'],
    [quota({ period: 'month' }), 86_400_000, '"daily";q=100', '"daily";r=0;t=86400'],
    [
      quota({ costs: [{ tools: '*', cost: 200 }] }),
      Infinity,
      '"daily";q=100;w=86400',
      '"daily";r=0',
    ],
  ])('of %o', (limit, retryAfterMs, policy, state) => {
    expect(refuse(limit, retryAfterMs).headers).toEqual({
      'RateLimit-Policy': policy,
      RateLimit: state,
    })
  })

  test('are structured fields (RFC 9651): strings, and parameters with whole numbers', () => {
    const limits = [rate(), rate({ name: 'b', windowMs: 1_500 }), quota({ name: 'c' })]
    const claims = claimsOf({ limits }, callOf('tools/call', 'x'))
    const refused = claims.map((claim, at) => ({ claim, retryAfterMs: at * 700 + 1 }))
    const { headers } = toRefusal([refused[0]!, ...refused.slice(1)])
    const list =
      /^"[a-z0-9-]+"(;[a-z][a-z0-9-]*=\d{1,15})*(, "[a-z0-9-]+"(;[a-z][a-z0-9-]*=\d{1,15})*)*$/

    expect(headers?.['RateLimit-Policy']).toMatch(list)
    expect(headers?.RateLimit).toMatch(list)
  })
})

test('of several that refuse all are in the fields, and the one that holds longest is told', () => {
  const claims = claimsOf({ limits: [rate(), rate({ name: 'slow' }), quota()] })
  const [first, ...others] = claims.map((claim, at) => ({
    claim,
    retryAfterMs: [5_000, 90_000, 2_000][at] ?? 0,
  }))
  const error = toRefusal([first!, ...others])

  expect(error.retryAfterMs).toBe(90_000)
  expect(error.data).toMatchObject({ limit: 'slow' })
  expect(error.headers?.RateLimit).toBe('"search";r=0;t=5, "slow";r=0;t=90, "daily";r=0;t=2')
})
