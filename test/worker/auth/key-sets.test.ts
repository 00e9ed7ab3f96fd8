/** Keys from a real server, over a clock that the tests set. */
import type { ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  COOLDOWN_MS,
  FETCH_TIMEOUT_MS,
  FRESH_MS,
  isFetchDue,
  isKept,
  KEPT_MS,
  MAX_FETCHES,
  RETRY_MS,
} from '#worker/auth/key-set-age.ts'
import { createKeySets, type KeySets } from '#worker/auth/key-sets.ts'
import { verifyJWT } from '#worker/auth/verify-jwt.ts'
import { claimsAt, createIssuer, createSigner, ENDPOINT_URL, NOW, sign } from './issuing.ts'
import { startJWKSServer } from './jwks-server.ts'

const old = await createSigner('ES256', 'old')
const next = await createSigner('ES256', 'next')
const far = claimsAt(NOW + 10 * KEPT_MS)

function createClock() {
  const clock = { now: NOW }
  const keySets = createKeySets({ fetch, now: () => clock.now })
  return { clock, keySets }
}

async function verify(keySets: KeySets, jwksURL: string, token: string) {
  const issuers = [createIssuer('ES256', { jwksURL })]
  const { kind } = await verifyJWT({ token, issuers, audiences: [ENDPOINT_URL], now: NOW }, keySets)
  return kind
}

const tokenOf = (signer: typeof old, kid = signer.jwk.kid) =>
  sign(signer, far, { ...(kid && { kid }) })

describe('a key set', () => {
  test('is fetched once for many tokens', async () => {
    await using server = await startJWKSServer([old.jwk])
    const { clock, keySets } = createClock()
    for (let n = 0; n < 5; n++) {
      clock.now = NOW + n * (FRESH_MS / 5)
      expect(await verify(keySets, server.url, await tokenOf(old))).toBe('valid')
    }

    expect(server.count).toBe(1)
  })

  test('is fetched again when it is old, and a key that was withdrawn is forgotten', async () => {
    await using server = await startJWKSServer([old.jwk])
    const { clock, keySets } = createClock()
    await verify(keySets, server.url, await tokenOf(old))
    server.answer = [next.jwk]
    clock.now = NOW + FRESH_MS

    expect(await verify(keySets, server.url, await tokenOf(old))).toBe('invalid')
    expect(server.count).toBe(2)
  })

  test('is fetched again for an unknown key, but not within the cooldown', async () => {
    await using server = await startJWKSServer([old.jwk])
    const { clock, keySets } = createClock()
    await verify(keySets, server.url, await tokenOf(old))
    server.answer = [old.jwk, next.jwk]

    clock.now = NOW + COOLDOWN_MS - 1
    expect(await verify(keySets, server.url, await tokenOf(next))).toBe('invalid')
    expect(server.count).toBe(1)
    clock.now = NOW + COOLDOWN_MS
    expect(await verify(keySets, server.url, await tokenOf(next))).toBe('valid')
    expect(await verify(keySets, server.url, await tokenOf(old))).toBe('valid')
    expect(server.count).toBe(2)
  })

  test('is fetched again for a new key under an old name, or under none', async () => {
    for (const kid of ['old', '']) {
      await using server = await startJWKSServer([{ ...old.jwk, kid: 'old' }])
      const { clock, keySets } = createClock()
      await verify(keySets, server.url, await tokenOf(old))
      server.answer = [{ ...next.jwk, kid: 'old' }]
      clock.now = NOW + COOLDOWN_MS

      expect(await verify(keySets, server.url, await tokenOf(next, kid))).toBe('valid')
    }
  })

  test('costs one fetch in a cooldown, however many tokens are made up', async () => {
    await using server = await startJWKSServer([old.jwk])
    const { clock, keySets } = createClock()
    for (let n = 0; n < 200; n++) {
      clock.now = NOW + n * 1000
      const forged = await sign(next, far, { kid: n % 2 ? `made-up-${n}` : 'old' })
      expect(await verify(keySets, server.url, forged)).toBe('invalid')
    }

    expect(server.count).toBe(1 + Math.floor(199_000 / COOLDOWN_MS))
  })

  test('with several keys is tried as a whole when a token names none', async () => {
    await using server = await startJWKSServer([old.jwk, next.jwk])
    const { keySets } = createClock()

    expect(await verify(keySets, server.url, await tokenOf(next, ''))).toBe('valid')
    expect(await verify(keySets, server.url, await tokenOf(next))).toBe('valid')
    expect(await verify(keySets, server.url, await tokenOf(next, 'old'))).toBe('invalid')
  })

  test('may hold keys that are no keys, private, symmetric or for encryption', async () => {
    const { kty, crv, x, y } = old.jwk
    const odd = [
      { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' },
      { kty: 'oct', k: 'AAAA' },
      { kty: 'RSA' },
      { kty, crv, x, y, use: 'enc' },
      {},
    ] as (typeof old.jwk)[]
    await using server = await startJWKSServer([...odd, old.jwk])
    const { keySets } = createClock()

    expect(await verify(keySets, server.url, await tokenOf(old, ''))).toBe('valid')
    expect(await verify(keySets, server.url, await tokenOf(old))).toBe('valid')
  })
})

describe('a server of keys', () => {
  const failures: [string, (response: ServerResponse) => void][] = [
    ['answers 500', (response) => response.writeHead(500).end('{"keys":[]}')],
    ['answers 404', (response) => response.writeHead(404).end('{"keys":[]}')],
    ['redirects', (response) => response.writeHead(302, { Location: '/other' }).end()],
    ['sends no JSON', (response) => response.end('<html>')],
    ['sends no UTF-8', (response) => response.end(Buffer.from([0x7b, 0xff, 0x7d]))],
    ['sends no keys', (response) => response.end('{"keys":{}}')],
    ['sends a list', (response) => response.end('[]')],
    ['sends too much', (response) => response.end(`{"keys":[],"x":"${'x'.repeat(70_000)}"}`)],
    ['hangs up', (response) => response.destroy()],
  ]

  test.each(failures)(
    'that %s leaves its tokens undecided, and is left alone for a while',
    async (_name, answer) => {
      await using server = await startJWKSServer()
      const { clock, keySets } = createClock()
      server.answer = answer

      for (let n = 0; n < 5; n++) {
        expect(await verify(keySets, server.url, await tokenOf(old))).toBe('unavailable')
      }
      expect(server.count).toBe(1)
      server.answer = [old.jwk]
      clock.now = NOW + RETRY_MS
      expect(await verify(keySets, server.url, await tokenOf(old))).toBe('valid')
    },
  )

  test('that does not answer is given up in time', async () => {
    await using server = await startJWKSServer()
    server.answer = () => {}
    const { keySets } = createClock()
    const startedAt = performance.now()

    expect(await verify(keySets, server.url, await tokenOf(old))).toBe('unavailable')

    const tookMs = performance.now() - startedAt
    expect(tookMs).toBeGreaterThan(FETCH_TIMEOUT_MS - 100)
    expect(tookMs).toBeLessThan(FETCH_TIMEOUT_MS + 3000)
  })

  test('that fails does not take known keys away at once', async () => {
    await using server = await startJWKSServer([old.jwk])
    const { clock, keySets } = createClock()
    await verify(keySets, server.url, await tokenOf(old))
    server.answer = (response) => response.writeHead(503).end()

    clock.now = NOW + KEPT_MS - 1
    expect(await verify(keySets, server.url, await tokenOf(old))).toBe('valid')
    expect(server.count).toBe(2)
    clock.now = NOW + KEPT_MS
    expect(await verify(keySets, server.url, await tokenOf(old))).toBe('unavailable')
  })

  test('is asked by a few requests at once, and the others do not wait', async () => {
    await using server = await startJWKSServer()
    const held: ServerResponse[] = []
    server.answer = (response) => void held.push(response)
    const { keySets } = createClock()
    const token = await tokenOf(old)
    const all = Array.from({ length: 40 }, () => verify(keySets, server.url, token))
    const atOnce = await Promise.all(all.slice(MAX_FETCHES))

    expect(new Set(atOnce)).toEqual(new Set(['unavailable']))
    while (held.length < MAX_FETCHES) await setImmediate()
    for (const response of held) response.end(JSON.stringify({ keys: [old.jwk] }))
    expect(await Promise.all(all.slice(0, MAX_FETCHES))).toEqual(Array(MAX_FETCHES).fill('valid'))
    expect(server.count).toBe(MAX_FETCHES)
  })

  test('cannot bring keys back with a late answer', async () => {
    await using server = await startJWKSServer()
    let late: ServerResponse | undefined
    server.answer = (response) => void (late = response)
    const { clock, keySets } = createClock()
    const first = verify(keySets, server.url, await tokenOf(old))
    while (late === undefined) await setImmediate()
    server.answer = [next.jwk]
    clock.now = NOW + 1000
    await verify(keySets, server.url, await tokenOf(next))
    late.end(JSON.stringify({ keys: [old.jwk] }))
    await first

    expect(await verify(keySets, server.url, await tokenOf(old))).toBe('invalid')
    expect(await verify(keySets, server.url, await tokenOf(next))).toBe('valid')
  })
})

test('key sets of an isolate are bounded: the least recently used leaves', async () => {
  const asked: string[] = []
  const answer = async (url: string) => {
    asked.push(url)
    return Response.json({ keys: [old.jwk] })
  }
  const keySets = createKeySets({ fetch: answer, now: () => NOW })
  const header = { alg: 'ES256', kid: 'old' }
  await keySets.find('https://used.example', header)
  for (let n = 0; n < 300; n++) {
    await keySets.find(`https://${n}.example`, header)
    await keySets.find('https://used.example', header)
  }
  await keySets.find('https://0.example', header)

  expect(asked.filter((url) => url.includes('used'))).toHaveLength(1)
  expect(asked.filter((url) => url === 'https://0.example')).toHaveLength(2)
})

test('as many key sets as there may be stay, in whatever order they are used', async () => {
  let asked = 0
  const answer = async () => {
    asked++
    return Response.json({ keys: [old.jwk] })
  }
  const keySets = createKeySets({ fetch: answer, now: () => NOW })
  for (const n of [...Array(256).keys(), ...[...Array(256).keys()].toReversed()]) {
    await keySets.find(`https://${n}.example`, { alg: 'ES256' })
  }

  expect(asked).toBe(256)
})

describe('the age of a key set', () => {
  const cases: [string, Parameters<typeof isFetchDue>[0], boolean, boolean][] = [
    ['never fetched', { startedAt: [] }, false, true],
    ['fresh', { fetchedAt: NOW - FRESH_MS + 1, startedAt: [] }, false, false],
    ['old', { fetchedAt: NOW - FRESH_MS, startedAt: [] }, false, true],
    [
      'old, failed just now',
      { fetchedAt: NOW - FRESH_MS, failedAt: NOW - 1, startedAt: [] },
      false,
      false,
    ],
    [
      'doubted within the cooldown',
      { fetchedAt: NOW - COOLDOWN_MS + 1, startedAt: [] },
      true,
      false,
    ],
    ['doubted after it', { fetchedAt: NOW - COOLDOWN_MS, startedAt: [] }, true, true],
    ['failed a while ago', { failedAt: NOW - RETRY_MS, startedAt: [] }, false, true],
    ['being fetched by many', { startedAt: Array(MAX_FETCHES).fill(NOW - 1) }, false, false],
    [
      'given up by many',
      { startedAt: Array(MAX_FETCHES).fill(NOW - FETCH_TIMEOUT_MS) },
      false,
      true,
    ],
  ]

  test.each(cases)('%s', (_name, age, isDoubted, isDue) => {
    expect(isFetchDue(age, isDoubted, NOW)).toBe(isDue)
  })

  test('ends after an hour without an answer', () => {
    expect(isKept({ fetchedAt: NOW - KEPT_MS + 1, startedAt: [] }, NOW)).toBe(true)
    expect(isKept({ fetchedAt: NOW - KEPT_MS, startedAt: [] }, NOW)).toBe(false)
    expect(isKept({ startedAt: [] }, NOW)).toBe(false)
  })
})
