import { describe, expect, test } from 'vitest'
import { parseBearer, parseToken } from '#worker/auth/bearer.ts'
import {
  createVerdictCache,
  MAX_VERDICTS,
  NEGATIVE_TTL_MS,
  POSITIVE_TTL_MS,
} from '#worker/auth/verdict-cache.ts'
import { KEY_ID, POLICY, SECRET, TOKEN, VERDICT } from '../fake-deps.ts'

test.each([
  ['Bearer abc', 'abc'],
  ['bearer  abc ', 'abc'],
  ['Basic abc', undefined],
  ['Bearer', undefined],
  ['Bearer a b', undefined],
  ['Bearerabc', undefined],
  [null, undefined],
])('Authorization %j carries %j', (header, expected) => {
  expect(parseBearer(header)).toBe(expected)
})

test('a token names its tenant and key', () => {
  expect(parseToken(TOKEN)).toEqual({ tenant: 'acme', keyId: KEY_ID, secret: SECRET })
})

test.each([
  TOKEN.toUpperCase(),
  TOKEN.slice(0, -1),
  `${TOKEN}0`,
  TOKEN.replace('acme', 'a_b'),
  TOKEN.replace('acme', ''),
  'sk-other',
])('%j is no token', (token) => {
  expect(parseToken(token)).toBeUndefined()
})

describe('the verdict cache', () => {
  test('a granted verdict lives for 30 s, a refusal for 5 s', () => {
    const cache = createVerdictCache()
    cache.put('good', 'acme', VERDICT, 0)
    cache.put('bad', 'acme', undefined, 0)

    expect(cache.get('good', POSITIVE_TTL_MS - 1)?.verdict).toEqual(VERDICT)
    expect(cache.get('good', POSITIVE_TTL_MS)).toBeUndefined()
    expect(cache.get('bad', NEGATIVE_TTL_MS - 1)).toMatchObject({ verdict: undefined })
    expect(cache.get('bad', NEGATIVE_TTL_MS)).toBeUndefined()
  })

  test('it stays bounded, and drops the oldest first', () => {
    const cache = createVerdictCache()
    for (let n = 0; n <= MAX_VERDICTS; n++) cache.put(`t${n}`, 'acme', VERDICT, 0)

    expect(cache.get('t0', 0)).toBeUndefined()
    expect(cache.get('t1', 0)).toBeDefined()
    expect(cache.get(`t${MAX_VERDICTS}`, 0)).toBeDefined()
  })

  test('a flood of wrong tokens does not drive out the right ones', () => {
    const cache = createVerdictCache()
    cache.put('good', 'acme', VERDICT, 0)
    for (let n = 0; n < 2 * MAX_VERDICTS; n++) cache.put(`t${n}`, 'acme', undefined, 0)

    expect(cache.get('good', 0)?.verdict).toEqual(VERDICT)
  })

  test('verdicts of one tenant share one copy of its policy, until it changes', () => {
    const cache = createVerdictCache()
    const policyOf = (key: string) => cache.get(key, 0)?.verdict?.policy
    const put = (key: string, tenant: string, configVersion: number) =>
      cache.put(key, tenant, { ...VERDICT, policy: { ...POLICY, configVersion } }, 0)
    put('a', 'acme', 7)
    put('b', 'acme', 7)
    put('c', 'acme', 8)
    put('d', 'other', 7)

    expect(policyOf('a')).toEqual(POLICY)
    expect(policyOf('b')).toBe(policyOf('a'))
    expect(policyOf('c')).toEqual({ ...POLICY, configVersion: 8 })
    expect(policyOf('d')).not.toBe(policyOf('a'))
  })

  test('a verdict is not kept beyond its own end', () => {
    const cache = createVerdictCache()
    cache.put('a', 'acme', { ...VERDICT, expiresAt: 1000 }, 0)

    expect(cache.get('a', 999)?.verdict).toMatchObject({ expiresAt: 1000 })
    expect(cache.get('a', 1000)).toBeUndefined()
  })

  test('a changed tenant is forgotten, others are kept', () => {
    const cache = createVerdictCache()
    cache.put('a', 'acme', VERDICT, 0)
    cache.put('b', 'other', undefined, 0)
    cache.forget('acme')

    expect(cache.get('a', 0)).toBeUndefined()
    expect(cache.get('b', 0)).toBeDefined()
  })
})
