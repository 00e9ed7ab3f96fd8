/** Many isolates with leases over one limiter: the bounds that docs/limits.md states. */
import { describe, expect, test } from 'vitest'
import { createRandom } from '#test/support/random.ts'
import { callOf, claimsOf, type LimitInput } from './claims.ts'
import { LeaseWorld, worstExcess } from './lease-world.ts'

const SEEDS = 12
const WINDOW_MS = 4_000
/** A lease lives a tenth of the window, at most 1 s. */
const LEASE_MS = 400
const LIMIT = 200

interface Case {
  limit: LimitInput
  /** Most units in an interval of this length. */
  allowed: (ms: number) => number
}

const shared = { name: 'one', per: 'tenant', limit: LIMIT, onFailure: 'closed' } as const
const CASES: Case[] = [
  {
    limit: { ...shared, algorithm: 'token-bucket', windowMs: WINDOW_MS, burst: 100 },
    allowed: (ms) => 100 + Math.floor(((ms + LEASE_MS) * LIMIT) / WINDOW_MS),
  },
  {
    limit: { ...shared, algorithm: 'sliding-window', windowMs: WINDOW_MS },
    allowed: (ms) => LIMIT * Math.ceil((ms + LEASE_MS) / WINDOW_MS),
  },
]

/** Times of heavy and of light load, with idle ones between. */
function run(
  world: LeaseWorld,
  random: () => number,
  limits: LimitInput[],
  requests: number,
): void {
  const claims = ['search', 'fetch', 'list'].map((tool) =>
    claimsOf({ limits }, callOf('tools/call', tool)),
  )
  let pauseMs = 5
  for (let at = 0; at < requests; at++) {
    if (random() < 0.01) pauseMs = [1, 5, 30, 200][Math.floor(random() * 4)] ?? 1
    if (random() < 0.005) world.advance(WINDOW_MS)
    world.advance(Math.floor(random() * pauseMs * 2))
    world.request(claims[Math.floor(random() * claims.length)] ?? [])
  }
  world.advance(10_000)
}

/** Returns how many requests were refused in all. */
function forEachSeed(check: (world: LeaseWorld, random: () => number) => void): number {
  let refusals = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = createRandom(seed)
    const isolates = 1 + Math.floor(random() * 12)
    const delayMs = [2, 30, 300][Math.floor(random() * 3)] ?? 2
    const world = new LeaseWorld({ isolates, random, delayMs, loss: random() < 0.5 ? 0 : 0.1 })
    try {
      check(world, random)
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
    }
    refusals += world.refusals
  }
  return refusals
}

describe.each(CASES)('$limit.algorithm', ({ limit, allowed }) => {
  test('isolates together admit no more in any interval than the bound', () => {
    const refusals = forEachSeed((world, random) => {
      run(world, random, [limit], 1_500)
      const [times = []] = world.admitted.values()

      expect(worstExcess(times, allowed)).toBeLessThanOrEqual(0)
    })

    expect(refusals).toBeGreaterThan(1_000)
  })
})

test('the bound is needed: leases do admit more than the limit itself would', () => {
  const isolates = 12
  const world = new LeaseWorld({ isolates, random: createRandom(1), delayMs: 1, loss: 0 })
  const claims = claimsOf({ limits: CASES.slice(1).map(({ limit }) => limit) })
  const requestAll = (times: number) => {
    for (let at = 0; at < times; at++) {
      for (let isolate = 0; isolate < isolates; isolate++) world.request(claims, isolate)
      world.advance(1)
    }
  }
  requestAll(8)
  const begin = world.now
  world.advance(LEASE_MS - 10)
  const before = world.requests - world.refusals
  requestAll(6)
  expect(world.requests - world.refusals).toBeGreaterThan(before)
  world.advance(begin + WINDOW_MS - world.now)
  requestAll(30)
  const [times = []] = world.admitted.values()

  const inOneWindow = worstExcess(times, (ms) => (ms < WINDOW_MS ? LIMIT : Infinity))
  expect(inOneWindow).toBeGreaterThan(0)
  expect(worstExcess(times, CASES[1]!.allowed)).toBeLessThanOrEqual(0)
  const shorter = worstExcess(times, (ms) => (ms < WINDOW_MS - LEASE_MS ? LIMIT : Infinity))
  expect(shorter).toBeLessThanOrEqual(0)
})

test('a fixed window admits no more than its limit, whoever leases', () => {
  const refusals = forEachSeed((world, random) => {
    run(world, random, [{ ...shared, algorithm: 'fixed-window', windowMs: WINDOW_MS }], 1_500)
    const byWindow = Map.groupBy([...world.admitted.values()].flat(), (at) =>
      Math.floor(at / WINDOW_MS),
    )

    for (const times of byWindow.values()) expect(times.length).toBeLessThanOrEqual(LIMIT)
  })

  expect(refusals).toBeGreaterThan(1_000)
})

describe('a quota', () => {
  const costs = [
    { tools: 'docs/search', cost: 7 },
    { tools: 'docs/fetch', cost: 2 },
  ]
  const quota: LimitInput = { ...shared, algorithm: 'quota', limit: 5_000, period: 'day', costs }
  const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10)

  test('is never passed within its day, whatever is leased and given back', () => {
    forEachSeed((world, random) => {
      run(world, random, [quota], 2_500)
      const byDay = Map.groupBy([...world.admitted.values()].flat(), dayOf)

      expect(byDay.size).toBe(2)
      for (const units of byDay.values()) expect(units.length).toBeLessThanOrEqual(5_000)
    })
  })

  test('loses nothing while isolates go on asking: what is not spent comes back, and once', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = createRandom(seed)
      const world = new LeaseWorld({ isolates: 4, random, delayMs: 3, loss: 0 })
      run(world, random, [{ ...quota, limit: 20_000 }], 2_500)
      const [charged = 0] = world.charged.values()
      const [units = []] = world.admitted.values()

      expect(charged).toBeGreaterThanOrEqual(units.length)
      // What each isolate holds at the end is at most one lease, a hundredth.
      expect(charged - units.length).toBeLessThanOrEqual(4 * 200)
    }
  })
})

test('four levels at once: each bound holds, and a refusal by one charges none', () => {
  const generous: LimitInput = {
    ...shared,
    name: 'all',
    algorithm: 'fixed-window',
    windowMs: 3_600_000,
    limit: 100_000,
  }
  const limits: LimitInput[] = [
    generous,
    { ...shared, name: 'own', per: 'principal', algorithm: 'sliding-window', windowMs: WINDOW_MS },
    {
      ...shared,
      name: 'tool',
      per: 'tool',
      algorithm: 'token-bucket',
      windowMs: WINDOW_MS,
      limit: 40,
    },
  ]
  const refusals = forEachSeed((world, random) => {
    run(world, random, limits, 1_500)
    const all = [...world.admitted].find(([key]) => key.includes('all'))?.[1] ?? []
    const charged = [...world.charged].find(([key]) => key.includes('all'))?.[1] ?? 0
    for (const [key, times] of world.admitted) {
      if (key.includes('own')) {
        const excess = worstExcess(times, (ms) => LIMIT * Math.ceil((ms + LEASE_MS) / WINDOW_MS))
        expect(excess).toBeLessThanOrEqual(0)
      }
      if (key.includes('tool')) {
        const excess = worstExcess(
          times,
          (ms) => 40 + Math.floor(((ms + LEASE_MS) * 40) / WINDOW_MS),
        )
        expect(excess).toBeLessThanOrEqual(0)
      }
    }
    expect(charged).toBeGreaterThanOrEqual(all.length)
  })

  expect(refusals).toBeGreaterThan(1_000)
})

test('a hot counter is asked about seldom, and one that refuses once', () => {
  const random = createRandom(3)
  const world = new LeaseWorld({ isolates: 4, random, delayMs: 4, loss: 0 })
  const limits: LimitInput[] = [
    { ...shared, algorithm: 'token-bucket', windowMs: 1_000, limit: 2_000, burst: 2_000 },
  ]
  const claims = claimsOf({ limits })
  for (let at = 0; at < 4_000; at++) {
    world.advance(1)
    world.request(claims)
  }
  world.advance(100)

  expect(world.refusals).toBe(0)
  expect(world.objectCalls / world.requests).toBeLessThan(0.2)

  const tight = new LeaseWorld({ isolates: 1, random, delayMs: 1, loss: 0 })
  const small: LimitInput = { ...shared, algorithm: 'fixed-window', windowMs: 3_600_000, limit: 3 }
  for (let at = 0; at < 500; at++) {
    tight.request(claimsOf({ limits: [small] }))
    tight.advance(1)
  }

  expect(tight.objectCalls).toBe(4)
})
