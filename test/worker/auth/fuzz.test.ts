/** Mutated credentials are refused, each of them, and never break anything. A failure names its seed. */
import { expect, test } from 'vitest'
import type { Trust } from '#protocol/tenant.ts'
import { createRandom } from '#test/support/random.ts'
import { authenticate } from '#worker/auth/authenticate.ts'
import { MAX_AUTHORIZATION_CHARS, parseBearer, parseToken } from '#worker/auth/bearer.ts'
import { parseJWT } from '#worker/auth/jwt.ts'
import { createKeySets } from '#worker/auth/key-sets.ts'
import { createKnownTenants } from '#worker/auth/known-tenants.ts'
import type { Resource } from '#worker/auth/resource.ts'
import { createTrustCache } from '#worker/auth/trust-cache.ts'
import { createStorageRoom } from '#worker/storage-room.ts'
import { createVerdictCache } from '#worker/auth/verdict-cache.ts'
import { cpuMs } from '#test/support/cpu-time.ts'
import { ADMIN_TOKEN, createFakes, POLICY, post, TOKEN, VERDICT } from '../fake-deps.ts'
import { initialize } from '../requests.ts'
import {
  claimsAt,
  createIssuer,
  createSigner,
  NOW,
  ORIGIN,
  PUBLIC_ALGORITHMS,
  SECRET_VALUE,
  secretSigner,
  sign,
} from './issuing.ts'
import { mutate, pick } from './mutations.ts'

/** `FUZZ_SEED=… vitest …` begins elsewhere. */
const FIRST_SEED = Number(process.env.FUZZ_SEED ?? 1)
const CASES = 24_000
const ENDPOINT: Resource = { origin: ORIGIN, tenant: 'acme', server: 'everything' }

const signers = await Promise.all(PUBLIC_ALGORITHMS.map((alg) => createSigner(alg, alg)))
const keySet = { keys: signers.map(({ jwk }) => jwk) }
const trust: Trust = {
  policy: POLICY,
  issuers: [
    createIssuer('HS256', { value: SECRET_VALUE }),
    createIssuer(
      'ES256',
      { jwksURL: 'https://issuer.example/keys' },
      { algorithms: [...PUBLIC_ALGORITHMS] },
    ),
    ...signers.map(({ alg, pem }) => createIssuer(alg as 'RS256', { pem })),
    ...signers.map(({ alg, jwk }) => createIssuer(alg as 'RS256', { jwk: { ...jwk } })),
  ],
}
const good = [
  TOKEN,
  await sign(secretSigner, claimsAt(NOW)),
  ...(await Promise.all(signers.map((signer) => sign(signer, claimsAt(NOW), { kid: signer.alg })))),
]
const isGood = new Set(good)
const mayPass = new Set([...good, ADMIN_TOKEN])

function createDeps() {
  const tenant = (name: string) => ({
    authenticate: (keyId: string, secret: string) =>
      Promise.resolve(`hearth_${name}_${keyId}_${secret}` === TOKEN ? VERDICT : undefined),
    trust: () => Promise.resolve(name === 'acme' ? trust : undefined),
  })
  return {
    tenant: tenant as never,
    knownTenants: createKnownTenants(() => ({ has: (name) => Promise.resolve(name === 'acme') })),
    room: createStorageRoom(() => Promise.resolve()),
    verdicts: createVerdictCache(),
    trusts: createTrustCache(),
    keySets: createKeySets({ fetch: async () => Response.json(keySet), now: () => NOW }),
  }
}

/** Runs each case by itself, so that its seed alone repeats it. */
async function runCases(
  count: number,
  check: (random: () => number) => Promise<void> | void,
): Promise<void> {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + count; seed++) {
    try {
      await check(createRandom(seed))
    } catch (error) {
      throw new Error(`FUZZ_SEED=${seed}`, { cause: error })
    }
  }
}

test('what is mutated is accepted before', async () => {
  const deps = createDeps()
  for (const token of good) {
    expect(await authenticate(deps, token, ENDPOINT, NOW)).toHaveProperty('verdict')
  }
})

test(`${CASES} mutated tokens are refused`, { timeout: 120_000 }, async () => {
  const deps = createDeps()
  // So that their verdicts are cached.
  for (const token of good) await authenticate(deps, token, ENDPOINT, NOW)
  let tried = 0

  await runCases(CASES, async (random) => {
    const token = mutate(pick(good, random), good, random)
    if (isGood.has(token)) return
    tried++
    const resource = random() < 0.9 ? ENDPOINT : undefined
    const outcome = await authenticate(deps, token, resource, NOW).catch((error: unknown) => error)
    expect(outcome).toEqual({ refused: expect.any(String) })
  })

  expect(tried).toBeGreaterThan(20_000)
})

test('headers of any kind are parsed to the token that they hold, or to none', async () => {
  const schemes = [
    'Bearer',
    'bearer',
    'BEARER',
    'Basic',
    'DPoP',
    'Bearer:',
    '',
    'Bearer\t',
    'Bearer,',
  ]
  const spaces = [' ', '  ', '', '\t', '\u00a0', ' '.repeat(20_000)]

  await runCases(20_000, (random) => {
    const token = random() < 0.3 ? pick(good, random) : mutate(pick(good, random), good, random)
    const header =
      pick(schemes, random) + pick(spaces, random) + token + pick(['', ' ', ', x', ';'], random)
    const parsed = parseBearer(header)
    if (parsed === undefined) return
    expect(parsed).toMatch(/^[A-Za-z0-9._~+/-]+=*$/)
    expect(header.slice(7).trim()).toBe(parsed)
    expect(parsed.length).toBeLessThan(MAX_AUTHORIZATION_CHARS)
    expect(header).toMatch(/^bearer +/i)
    parseToken(parsed)
    parseJWT(parsed)
  })
})

test('a hostile header takes no longer than its length', () => {
  const n = MAX_AUTHORIZATION_CHARS - 10
  const hostile = ['a', '=', ' ', 'a=', 'a ', '.', '-'].map((unit) => unit.repeat(n / unit.length))
  const startedAt = cpuMs()
  for (const text of hostile) {
    for (const end of ['', '!', '\n']) {
      const token = parseBearer(`Bearer ${text}${end}`) ?? text
      parseToken(token)
      parseJWT(token)
      parseJWT(`${text}.${text}.${text}`)
    }
  }

  expect(cpuMs() - startedAt).toBeLessThan(1000)
})

test(
  'the whole worker answers 401 to each of them, and forwards nothing',
  { timeout: 60_000 },
  async () => {
    const { app, forwarded, faults } = createFakes({
      deps: { keySets: createDeps().keySets },
      acme: { trust: () => Promise.resolve(trust) },
    })
    const paths = [
      '/mcp/everything',
      '/t/acme/mcp/everything',
      '/t/acme/ready',
      '/ready',
      '/admin/tenants/acme/x',
    ]

    await runCases(3_000, async (random) => {
      const token = mutate(pick([...good, ADMIN_TOKEN], random), good, random)
      if (mayPass.has(token)) return
      const headers = new Headers(post('').headers)
      try {
        headers.set('Authorization', `Bearer ${token}`)
      } catch {
        return // no header can be so
      }
      const path = pick(paths, random)
      const init = path.includes('/mcp/') ? { ...post(initialize), headers } : { headers }
      const response = await app.request(path, init)
      const isGoodAfterAll = mayPass.has(parseBearer(headers.get('Authorization')) ?? '')
      if (!isGoodAfterAll) expect([response.status, path]).toEqual([401, path])
    })

    expect(forwarded.filter(({ call }) => call.principal !== VERDICT.principal)).toEqual([])
    expect(faults).toEqual([])
  },
)
