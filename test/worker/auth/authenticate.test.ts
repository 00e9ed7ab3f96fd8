/** Whose a token is, over a clock that the tests set: what is asked, what is kept, and for how long. */
import { describe, expect, test } from 'vitest'
import { GatewayError } from '#protocol/errors.ts'
import type { Trust, Verdict } from '#protocol/tenant.ts'
import type { TenantStub } from '#protocol/tenant-stub.ts'
import { authenticate, type AuthDeps } from '#worker/auth/authenticate.ts'
import { createKeySets } from '#worker/auth/key-sets.ts'
import { createKnownTenants } from '#worker/auth/known-tenants.ts'
import type { Resource } from '#worker/auth/resource.ts'
import { createTrustCache } from '#worker/auth/trust-cache.ts'
import { createStorageRoom } from '#worker/storage-room.ts'
import { createVerdictCache, NEGATIVE_TTL_MS, POSITIVE_TTL_MS } from '#worker/auth/verdict-cache.ts'
import { KEY_ID, POLICY, SECRET, TOKEN, VERDICT } from '../fake-deps.ts'
import {
  claimsAt,
  createIssuer,
  NOW,
  ORIGIN,
  SECRET_VALUE,
  secretSigner,
  sign,
  TENANT_URL,
} from './issuing.ts'

const ENDPOINT: Resource = { origin: ORIGIN, tenant: 'acme', server: 'everything' }
const MEMORY: Resource = { origin: ORIGIN, tenant: 'acme', server: 'memory' }
const TENANT: Resource = { origin: ORIGIN, tenant: 'acme' }
const MAIN = createIssuer('HS256', { value: SECRET_VALUE })

interface World {
  deps: AuthDeps
  asked: string[]
  /** What the Tenant object of `acme` knows. */
  verdict: Verdict | undefined
  trust: Trust | undefined
  fails?: () => Error
}

function createWorld(): World {
  const asked: string[] = []
  const say = async <T>(question: string, answer: () => T) => {
    asked.push(question)
    if (world.fails) throw world.fails()
    return answer()
  }
  const tenant = (name: string): TenantStub => {
    const isAcme = name === 'acme'
    return {
      authenticate: (keyId: string, secret: string) =>
        say(`${name}:token`, () =>
          isAcme && keyId === KEY_ID && secret === SECRET ? world.verdict : undefined,
        ),
      trust: () => say(`${name}:trust`, () => (isAcme ? world.trust : undefined)),
    } as Partial<TenantStub> as TenantStub
  }
  const deps = {
    tenant,
    knownTenants: createKnownTenants(() => ({
      has(name) {
        if (name !== 'acme') asked.push(`${name}?`)
        return Promise.resolve(name === 'acme')
      },
    })),
    room: createStorageRoom(() => Promise.resolve()),
    verdicts: createVerdictCache(),
    trusts: createTrustCache(),
    keySets: createKeySets({ fetch, now: () => NOW }),
  }
  const trust = { policy: POLICY, issuers: [MAIN] }
  const world: World = { deps, asked, verdict: VERDICT, trust }
  return world
}

const authenticateAt = (deps: AuthDeps, now: number) => authenticate(deps, TOKEN, undefined, now)

async function principal(world: World, token: string, resource?: Resource, now = NOW) {
  const outcome = await authenticate(world.deps, token, resource, now)
  return 'verdict' in outcome ? outcome.verdict.principal : undefined
}

const jwt = (more: Record<string, unknown> = {}) => sign(secretSigner, claimsAt(NOW, more))

describe('a token of Hearth', () => {
  test('is taken though the disk is full: when it was used is not kept then', async () => {
    const world = createWorld()
    const told: (boolean | undefined)[] = []
    const authenticate: TenantStub['authenticate'] = (_keyId, _secret, keepsNothing) => {
      told.push(keepsNothing)
      const full = new Error('database or disk is full: SQLITE_FULL')
      return keepsNothing ? Promise.resolve(VERDICT) : Promise.reject(full)
    }
    const tenant = () => ({ authenticate }) as Partial<TenantStub> as TenantStub
    const room = createStorageRoom(() => Promise.reject(new Error('still full')))
    const deps = { ...world.deps, tenant, room }

    for (const now of [NOW, NOW + POSITIVE_TTL_MS, NOW + 3 * POSITIVE_TTL_MS]) {
      expect(await authenticateAt(deps, now)).toHaveProperty('verdict')
    }
    expect(told).toEqual([false, true, true, true])
  })

  test('is asked about once in 30 s, granted', async () => {
    const world = createWorld()
    for (const now of [NOW, NOW + 1, NOW + POSITIVE_TTL_MS - 1]) {
      expect(await principal(world, TOKEN, undefined, now)).toBe(VERDICT.principal)
    }
    expect(world.asked).toEqual(['acme:token'])
  })

  test('that was revoked works for less than 30 s more', async () => {
    const world = createWorld()
    await principal(world, TOKEN)
    world.verdict = undefined

    expect(await principal(world, TOKEN, ENDPOINT, NOW + POSITIVE_TTL_MS - 1)).toBe(
      VERDICT.principal,
    )
    expect(await principal(world, TOKEN, ENDPOINT, NOW + POSITIVE_TTL_MS)).toBeUndefined()
  })

  test('ends with its own time, not with the cache’s', async () => {
    const world = createWorld()
    world.verdict = { ...VERDICT, expiresAt: NOW + 1000 }
    await principal(world, TOKEN)
    world.verdict = undefined

    expect(await principal(world, TOKEN, undefined, NOW + 999)).toBe(VERDICT.principal)
    expect(await principal(world, TOKEN, undefined, NOW + 1000)).toBeUndefined()
  })

  test('that is refused is asked about again after 5 s', async () => {
    const world = createWorld()
    world.verdict = undefined
    for (const now of [NOW, NOW + NEGATIVE_TTL_MS - 1])
      await principal(world, TOKEN, undefined, now)
    expect(world.asked).toHaveLength(1)
    world.verdict = VERDICT

    expect(await principal(world, TOKEN, undefined, NOW + NEGATIVE_TTL_MS)).toBe(VERDICT.principal)
  })

  test('of another tenant is unknown on a tenant’s path, and nobody is asked', async () => {
    const world = createWorld()
    await principal(world, TOKEN)
    const elsewhere = { ...ENDPOINT, tenant: 'other' }

    expect(await principal(world, TOKEN, elsewhere)).toBeUndefined()
    expect(world.asked).toEqual(['acme:token'])
  })

  test('is tried as nothing else', async () => {
    const world = createWorld()
    const lookalike = `hearth_${await jwt()}`

    expect(await principal(world, lookalike, ENDPOINT)).toBeUndefined()
    expect(world.asked).toEqual([])
  })
})

describe('a JWT', () => {
  test('is its tenant’s principal, with the tenant’s policy', async () => {
    const world = createWorld()

    const outcome = await authenticate(
      world.deps,
      await jwt({ scope: 'servers:everything' }),
      ENDPOINT,
      NOW,
    )

    expect(outcome).toEqual({
      verdict: {
        tenant: 'acme',
        principal: 'jwt:main:ada',
        credential: 'jwt:main:ada',
        grants: { scopes: ['servers:everything'] },
        expiresAt: NOW + 330_000,
        policy: POLICY,
      },
    })
  })

  test('is refused on a path without tenant, and nobody is asked', async () => {
    const world = createWorld()

    expect(await principal(world, await jwt())).toBeUndefined()
    expect(world.asked).toEqual([])
  })

  test('is refused for a tenant that does not exist, about which the Directory is asked once in 5 s', async () => {
    const world = createWorld()
    const nowhere = { ...ENDPOINT, tenant: 'nobody' }
    const token = await jwt()
    for (const now of [NOW, NOW + 4999, NOW + 5000]) {
      expect(await principal(world, token, nowhere, now)).toBeUndefined()
    }
    expect(world.asked).toEqual(['nobody?', 'nobody?'])
  })

  test('for one endpoint opens no other, before and after it is cached', async () => {
    const world = createWorld()
    const token = await jwt()

    expect(await principal(world, token, MEMORY)).toBeUndefined()
    expect(await principal(world, token, ENDPOINT)).toBe('jwt:main:ada')
    expect(await principal(world, token, MEMORY)).toBeUndefined()
    expect(await principal(world, token, TENANT)).toBeUndefined()
    expect(
      await principal(world, token, { ...ENDPOINT, origin: 'https://evil.example' }),
    ).toBeUndefined()
    expect(await principal(world, token, { ...ENDPOINT, tenant: 'other' })).toBeUndefined()
  })

  test('for the tenant opens each of its endpoints', async () => {
    const world = createWorld()
    const token = await jwt({ aud: TENANT_URL })

    for (const resource of [ENDPOINT, MEMORY, TENANT]) {
      expect(await principal(world, token, resource)).toBe('jwt:main:ada')
    }
    expect(world.asked).toEqual(['acme:trust'])
  })

  test('of an issuer that was removed works for less than 30 s after it was told', async () => {
    const world = createWorld()
    const token = await jwt()
    await principal(world, await jwt({ sub: 'first' }), ENDPOINT, NOW)
    world.trust = { policy: POLICY, issuers: [] }
    // Decided late, from what was told early.
    expect(await principal(world, token, ENDPOINT, NOW + 29_000)).toBe('jwt:main:ada')

    expect(await principal(world, token, ENDPOINT, NOW + 29_999)).toBe('jwt:main:ada')
    expect(await principal(world, token, ENDPOINT, NOW + 30_000)).toBeUndefined()
  })

  test('of a tenant that changed here is looked at anew', async () => {
    const world = createWorld()
    const token = await jwt()
    await principal(world, token, ENDPOINT)
    world.trust = { policy: POLICY, issuers: [] }
    world.deps.verdicts.forget('acme')
    world.deps.trusts.forget('acme')

    expect(await principal(world, token, ENDPOINT)).toBeUndefined()
  })

  test('ends with its own time, not with the cache’s', async () => {
    const world = createWorld()
    const token = await jwt({ exp: NOW / 1000 - 20 })

    expect(await principal(world, token, ENDPOINT, NOW)).toBe('jwt:main:ada')
    expect(await principal(world, token, ENDPOINT, NOW + 9_999)).toBe('jwt:main:ada')
    expect(await principal(world, token, ENDPOINT, NOW + 10_000)).toBeUndefined()
  })
})

describe('when the Tenant object is lost', () => {
  const lost = () => Object.assign(new Error('reset'), { retryable: true })

  test.each(['token', 'trust'])('about a %s: asked once more, then not_ready', async (question) => {
    const world = createWorld()
    world.fails = lost
    const token = question === 'token' ? TOKEN : await jwt()

    const failure = await authenticate(world.deps, token, ENDPOINT, NOW).catch(
      (error: unknown) => error,
    )

    expect(GatewayError.is(failure) && failure.code).toBe('not_ready')
    expect(world.asked).toEqual([`acme:${question}`, `acme:${question}`])
  })

  test('nothing of it is kept', async () => {
    const world = createWorld()
    world.fails = lost
    const token = await jwt()
    await authenticate(world.deps, token, ENDPOINT, NOW).catch(() => {})
    delete world.fails

    expect(await principal(world, token, ENDPOINT)).toBe('jwt:main:ada')
  })
})
