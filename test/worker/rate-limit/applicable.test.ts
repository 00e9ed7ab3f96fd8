import { describe, expect, test } from 'vitest'
import { Limits } from '#protocol/limits.ts'
import { Routes } from '#protocol/routes.ts'
import type { IncomingCall } from '#worker/context.ts'
import { findApplicable } from '#worker/rate-limit/applicable.ts'
import { callOf, claimsOf, verdictWith, type LimitInput } from './claims.ts'

const rate = (name: string, changes: object = {}): LimitInput =>
  ({
    ...{ name, per: 'tenant', algorithm: 'sliding-window', limit: 5, windowMs: 60_000 },
    ...changes,
  }) as LimitInput
const quota = (changes: object = {}): LimitInput =>
  ({
    name: 'units',
    per: 'principal',
    algorithm: 'quota',
    limit: 100,
    period: 'day',
    ...changes,
  }) as LimitInput
const concurrency = (name: string): LimitInput => ({
  ...({ name, per: 'tenant', algorithm: 'concurrency', limit: 3 } as const),
})
const namesOf = (options: object, call?: IncomingCall): string[] =>
  claimsOf(options, call).map(({ limit, subject }) => `${limit.name}=${subject}`)

describe('what is counted', () => {
  const limits = [rate('all')]
  const withEnvelope = (
    http: IncomingCall['http'],
    envelope?: IncomingCall['facts']['envelope'],
  ) => ({
    ...{ server: 'docs', http, isNoOp: false },
    facts: { era: 'legacy' as const, ...(envelope && { envelope }) },
  })

  test.each(['initialize', 'tools/list', 'tools/call', 'resources/read', 'anything/else'])(
    'a request: %s',
    (method) => {
      expect(namesOf({ limits }, callOf(method))).toEqual(['all='])
    },
  )

  test.each([
    ['ping', callOf('ping')],
    ['a notification', withEnvelope('POST', { kind: 'notification', method: 'x' })],
    ['a response', withEnvelope('POST', { kind: 'response', id: 1, failed: false })],
    ['GET', withEnvelope('GET')],
    ['DELETE', withEnvelope('DELETE')],
  ])('not %s', (_, call) => {
    expect(namesOf({ limits }, call)).toEqual([])
  })
})

describe('levels', () => {
  const limits = [
    rate('tenant'),
    rate('principal', { per: 'principal' }),
    rate('tool', { per: 'tool' }),
  ]

  test('all of them count for one call, each under its subject', () => {
    const own = [rate('route', { per: 'tool' })]

    expect(namesOf({ limits, own, principal: 'jwt:corp:ann' })).toEqual([
      'tenant=',
      'principal=jwt:corp:ann',
      'tool=docs/search',
      'route=docs/search',
    ])
  })

  test('what is per tool counts tool calls alone', () => {
    expect(namesOf({ limits }, callOf('tools/list'))).toEqual(['tenant=', 'principal=token:1'])
  })

  test("a server's own limit stands in the place of the tenant's of the same name, for that server", () => {
    const own = [rate('tenant', { limit: 2 })]
    const here = claimsOf({ limits, own })
    const [elsewhere] = claimsOf({ limits, own }, callOf('tools/call', 'search', 'other'))
    const mine = here.at(-1)

    expect(here.map(({ limit }) => limit.name)).toEqual(['principal', 'tool', 'tenant'])
    expect([mine?.limit.limit, elsewhere?.limit.limit]).toEqual([2, 5])
    expect(mine?.counter).not.toBe(elsewhere?.counter)
  })

  test("a server's own limit may be of another kind than the one whose place it takes", () => {
    const own: LimitInput[] = [
      { name: 'tenant', per: 'tenant', algorithm: 'concurrency', limit: 1 },
    ]
    const { claims, occupancies } = findApplicable(
      verdictWith({ limits, own }),
      callOf('tools/list'),
    )

    expect(claims.map(({ limit }) => limit.name)).toEqual(['principal'])
    expect(occupancies).toEqual([
      { name: 'tenant', per: 'tenant', key: 'docs/tenant:tenant:', limit: 1 },
    ])
  })

  test('one counter is never that of two tenants, principals, tools, limits, shards or amounts', () => {
    const keys = [
      claimsOf({ limits }),
      claimsOf({ limits, tenant: 'other' }),
      claimsOf({ limits, principal: 'token:2' }).slice(1, 2),
      claimsOf({ limits }, callOf('tools/call', 'fetch')).slice(2),
      claimsOf({ limits: [rate('tenant', { limit: 6 })] }),
      claimsOf({ limits: [rate('tenant', { windowMs: 1_000 })] }),
      claimsOf({ limits: [rate('tenant', { algorithm: 'fixed-window' })] }),
      claimsOf({ limits: [rate('tenant', { limit: 40 })], shards: 8, principal: 'a' }),
      claimsOf({ limits: [rate('tenant', { limit: 40 })], shards: 8, principal: 'c' }),
    ].flatMap((claims) => claims.map(({ key }) => key))

    expect(new Set(keys).size).toBe(keys.length)
  })

  test('a long subject is counted with those that begin alike', () => {
    const long = 'x'.repeat(5_000)
    const [claim] = claimsOf({ limits: [limits[2]!] }, callOf('tools/call', long))

    expect(claim?.subject).toHaveLength(512)
  })
})

describe('match', () => {
  test.each([
    { match: { methods: ['tools/*'] }, method: 'tools/list', counts: true },
    { match: { methods: ['tools/*'] }, method: 'prompts/list', counts: false },
    { match: { servers: ['d*s'] }, method: 'tools/call', counts: true },
    { match: { servers: ['other'] }, method: 'tools/call', counts: false },
    { match: { tools: ['docs/sea*'] }, method: 'tools/call', counts: true },
    { match: { tools: ['docs/fetch', 'other/*'] }, method: 'tools/call', counts: false },
    { match: { tools: ['*'] }, method: 'tools/list', counts: false },
    { match: { tools: ['*'], methods: ['ping'] }, method: 'tools/call', counts: false },
    { match: {}, method: 'tools/list', counts: true },
    { match: { methods: ['*'] }, method: 'ping', counts: false },
  ])('$match counts $method: $counts', ({ match, method, counts }) => {
    const call = callOf(method, method === 'tools/call' ? 'search' : undefined)

    expect(claimsOf({ limits: [rate('one', { match })] }, call)).toHaveLength(counts ? 1 : 0)
  })
})

describe('quotas', () => {
  const costs = [
    { tools: 'docs/search', cost: 10 },
    { tools: 'docs/free', cost: 0 },
    { tools: 'docs/*', cost: 3 },
  ]

  test.each([
    ['the first pattern that matches counts', callOf('tools/call', 'search'), [10]],
    ['then the next', callOf('tools/call', 'fetch'), [3]],
    ['what no pattern names costs 1', callOf('tools/call', 'x', 'other'), [1]],
    ['other methods cost 1', callOf('tools/list'), [1]],
    ['what costs nothing is not counted', callOf('tools/call', 'free'), []],
  ])('%s', (_, call, expected) => {
    expect(claimsOf({ limits: [quota({ costs })] }, call).map(({ cost }) => cost)).toEqual(expected)
  })
})

describe('shards', () => {
  const principals = Array.from({ length: 2_000 }, (_, at) => `jwt:corp:user-${at}`)

  test('together have the whole of what is shared, and each the whole of what is a principal’s', () => {
    const limits: LimitInput[] = [
      rate('shared', { limit: 103 }),
      rate('bucket', { algorithm: 'token-bucket', limit: 10, burst: 9 }),
      rate('own', { per: 'principal', limit: 7 }),
      quota({ per: 'tool', limit: 50 }),
    ]
    const byShard = new Map(
      principals.map((principal) => {
        const found = findApplicable(
          verdictWith({ limits, shards: 8, principal }),
          callOf('tools/call', 'a'),
        )
        return [found.shard, found.claims.map(({ spec }) => spec)]
      }),
    )
    const sum = (index: number, key: 'limit' | 'burst') =>
      [...byShard.values()].reduce((total, specs) => {
        const spec = specs[index] as unknown as Record<string, number>
        return total + (spec[key] ?? 0)
      }, 0)

    expect(byShard.size).toBe(8)
    expect([sum(0, 'limit'), sum(1, 'limit'), sum(1, 'burst'), sum(3, 'limit')]).toEqual([
      103, 10, 9, 50,
    ])
    expect([...byShard.values()].map((specs) => specs[2]?.limit)).toEqual(Array(8).fill(7))
  })

  test.each([
    { limits: [rate('few', { limit: 3 })], shards: 3 },
    { limits: [rate('few', { algorithm: 'token-bucket', limit: 30, burst: 2 })], shards: 2 },
    {
      limits: [quota({ per: 'tenant', limit: 100, costs: [{ tools: '*', cost: 30 }] })],
      shards: 3,
    },
    { limits: [quota({ per: 'tenant', limit: 10, costs: [{ tools: '*', cost: 30 }] })], shards: 1 },
    { limits: [rate('own', { per: 'principal', limit: 1 })], shards: 8 },
    { limits: [], own: [rate('few', { limit: 2 })], shards: 2 },
  ])('are no more than leave each of them room: $shards', ({ shards, ...options }) => {
    const used = principals.map((principal) => {
      const verdict = verdictWith({ ...options, shards: 8, principal })
      return findApplicable(verdict, callOf('tools/call', 'a')).shard
    })

    expect(new Set(used).size).toBe(shards)
  })

  test('get about the same number of principals each', () => {
    const counts = new Map<number, number>()
    for (const principal of principals) {
      const verdict = verdictWith({
        limits: [rate('own', { per: 'principal' })],
        shards: 8,
        principal,
      })
      const { shard } = findApplicable(verdict, callOf('tools/list'))
      counts.set(shard, (counts.get(shard) ?? 0) + 1)
    }

    for (const count of counts.values()) expect(Math.abs(count - 250)).toBeLessThan(100)
  })
})

describe('a route', () => {
  const own = { requiredScopes: [] as string[] }
  const servers = {
    docs: { ...own, limits: Limits.parse([rate('of-docs')]) },
    mirror: { ...own, limits: Limits.parse([rate('of-mirror'), rate('tenant', { limit: 2 })]) },
    slots: { ...own, limits: Limits.parse([concurrency('slots')]) },
  }
  const [route] = Routes.parse([
    { name: 'r', limits: [rate('own'), rate('each', { per: 'tool' }), concurrency('at-once')] },
  ])
  const named = { name: 'search' }
  const targets = (...names: string[]) =>
    names.map((server) => ({ server, name: 'find', weight: 1 }))

  function applicableOf(routed: IncomingCall['routed'], limits: LimitInput[] = [rate('tenant')]) {
    const verdict = verdictWith({ limits })
    const call = callOf('tools/call', 'search')
    return findApplicable(
      { ...verdict, policy: { ...verdict.policy, servers } },
      { ...call, ...(routed && { routed }) },
    )
  }
  const counters = (routed: IncomingCall['routed'], limits?: LimitInput[]): string[] =>
    applicableOf(routed, limits).claims.map(({ counter, subject }) => `${counter} ${subject}`)
  const WINDOW = 'sliding-window:60000'

  test('has limits of its own, beside the others', () => {
    expect(counters({ ...named, routes: route ? [route] : [] })).toEqual([
      `/tenant:tenant:${WINDOW} `,
      `docs/of-docs:tenant:${WINDOW} `,
      `route:r/own:tenant:${WINDOW} `,
      `route:r/each:tool:${WINDOW} docs/search`,
    ])
    expect(applicableOf({ ...named, routes: route ? [route] : [] }).occupancies).toEqual([
      { name: 'at-once', per: 'tenant', key: 'route:r/at-once:tenant:', limit: 3 },
    ])
  })

  test('counts for each server that may answer, and once for what they have in common', () => {
    const all = [rate('tenant'), rate('each', { per: 'tool' })]

    expect(
      counters({ ...named, routes: [], targets: targets('mirror', 'docs', 'slots') }, all),
    ).toEqual([
      `/tenant:tenant:${WINDOW} `,
      `/each:tool:${WINDOW} docs/search`,
      `docs/of-docs:tenant:${WINDOW} `,
      `/each:tool:${WINDOW} mirror/find`,
      `mirror/of-mirror:tenant:${WINDOW} `,
      `mirror/tenant:tenant:${WINDOW} `,
      `/each:tool:${WINDOW} slots/find`,
    ])
    expect(
      applicableOf({ ...named, routes: [], targets: targets('slots') }).occupancies,
    ).toHaveLength(1)
  })

  test('without limits costs nothing', () => {
    expect(counters({ ...named, routes: [], targets: targets('docs') })).toEqual(
      counters(undefined),
    )
  })
})
