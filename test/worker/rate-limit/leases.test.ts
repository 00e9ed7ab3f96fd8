import { beforeEach, describe, expect, test } from 'vitest'
import type { Answer, Ask } from '#protocol/limiter.ts'
import type { Claim } from '#worker/rate-limit/applicable.ts'
import type { Errand } from '#worker/rate-limit/lease-request.ts'
import { createLeaseBook, type LeaseBook, type Plan } from '#worker/rate-limit/leases.ts'
import { callOf, claimsOf, type LimitInput } from './claims.ts'

const LEASE_MS = 1_000
const EPOCH = Date.UTC(2026, 10, 30)
const shared = { name: 'one', per: 'tenant' } as const
const RATE: LimitInput = {
  ...shared,
  ...{ algorithm: 'token-bucket', limit: 1_000, windowMs: 60_000 },
}
const TIGHT: LimitInput = { ...RATE, name: 'tight', per: 'principal' }
const QUOTA: LimitInput = { ...shared, algorithm: 'quota', limit: 10_000, period: 'day' }

let book: LeaseBook
let now: number
beforeEach(() => {
  book = createLeaseBook()
  now = 1_795_260_000_000
})

function errandOf(plan: Plan): Errand {
  if (plan.kind !== 'unknown') throw new Error(`the book says ${plan.kind}`)
  return plan.errand
}

/** Each ask gets what it wants, or its cost and `units`. */
function grant({ asks, sentAt }: Errand, units?: number, epoch = EPOCH): [Answer, number] {
  const grants = asks.map(({ cost, want, spec }) => ({
    granted: units === undefined ? want : cost + units,
    leaseMs: LEASE_MS,
    ...(spec.algorithm === 'quota' && { epoch }),
  }))
  return [{ admitted: true, grants }, sentAt]
}

/** A request that asks, and gets a lease of so many units beside its cost. */
function lend(claims: readonly Claim[], units: number, epoch?: number): void {
  const errand = errandOf(book.plan(claims, now))
  const [answer] = grant(errand, units, epoch)
  book.settle(errand, answer, now)
}

/** A request; whatever it, or its renewal, wants is granted. Returns what was wanted. */
function request(claims: readonly Claim[]): Ask[] {
  const plan = book.plan(claims, now)
  const errand = plan.kind === 'unknown' ? plan.errand : undefined
  const renewal = plan.kind === 'admitted' ? plan.renewal : undefined
  const sent = errand ?? renewal
  if (sent !== undefined) book.settle(sent, grant(sent)[0], now)
  return sent?.asks ?? []
}

const wants = (claims: readonly Claim[], times: number): number[] =>
  Array.from({ length: times }, () => request(claims).map(({ want }) => want)).flat()

/** How many requests go on without asking. They are spent by that. */
function spendAll(claims: readonly Claim[]): number {
  for (let spent = 0; ; spent++) {
    const plan = book.plan(claims, now)
    if (plan.kind === 'unknown') {
      book.giveUp(plan.errand, false)
      return spent
    }
    if (plan.kind === 'admitted' && plan.renewal !== undefined) book.giveUp(plan.renewal, true)
  }
}

function refuse(claims: readonly Claim[], retryAfterMs: number): void {
  const errand = errandOf(book.plan(claims, now))
  const refusals = errand.asks.map((_, index) => ({ index, retryAfterMs }))
  book.settle(errand, { admitted: false, refusals }, now)
}

describe('a batch', () => {
  const claims = claimsOf({ limits: [RATE] })

  test('is one at first, and doubles while leases are used up', () => {
    expect(wants(claims, 30).slice(0, 5)).toEqual([1, 2, 4, 7, 13])
  })

  test.each([
    { limit: RATE, most: 50 },
    { limit: { ...RATE, burst: 100 } as LimitInput, most: 5 },
    { limit: { ...RATE, limit: 19 } as LimitInput, most: 1 },
    { limit: QUOTA, most: 100 },
  ])('is a share of the limit at most: $most', ({ limit, most }) => {
    const one = claimsOf({ limits: [limit] })
    for (let time = 0; time < 1_000; time++) request(one)

    expect(spendAll(one)).toBeLessThanOrEqual(most)
    expect(Math.max(...wants(one, 1_000))).toBeGreaterThan(most / 2 - 1)
  })

  test('is what one life takes: few errands, and little is leased in vain', () => {
    const large = claimsOf({ limits: [{ ...RATE, limit: 100_000 } as LimitInput] })
    const steady = (everyMs: number, times: number): { errands: number; leased: number } => {
      let [errands, leased] = [0, 0]
      for (let time = 0; time < times; time++) {
        now += everyMs
        const asked = wants(large, 1)
        errands += asked.length
        leased += asked.reduce((sum, want) => sum + want, 0)
      }
      return { errands, leased }
    }
    steady(10, 500)
    const fast = steady(10, 1_000)
    const slow = steady(200, 100)

    expect(fast.errands).toBeLessThan(40)
    expect(fast.leased).toBeLessThan(1_000 * 1.2)
    expect(slow.leased).toBeLessThan(100 * 2)
  })

  test('is one again after a rest', () => {
    wants(claims, 100)
    now += 60_000

    expect(request(claims)[0]?.want).toBe(1)
  })

  test('is asked for by one request at a time', () => {
    lend(claims, 0)
    const [first, second] = [book.plan(claims, now), book.plan(claims, now)].map(errandOf)
    expect([first?.asks[0]?.want, second?.asks[0]?.want]).toEqual([2, 1])
    book.settle(second!, grant(second!)[0], now)
    expect(errandOf(book.plan(claims, now)).asks[0]?.want).toBe(1)
    book.settle(first!, grant(first!)[0], now)

    expect(book.plan(claims, now).kind).toBe('admitted')
  })

  test('is asked for by another request when the first does not return', () => {
    errandOf(book.plan(claims, now))
    now += 1_999
    expect(wants(claims, 3)).toEqual([1, 1, 1])
    now += 1

    expect(wants(claims, 2)[1]).toBeGreaterThan(1)
  })
})

describe('a lease', () => {
  const claims = claimsOf({ limits: [RATE] })

  test('is spent without asking, and not beyond what it holds', () => {
    lend(claims, 7)

    expect(spendAll(claims)).toBe(7)
  })

  test('lives from the moment that it was asked for', () => {
    const errand = errandOf(book.plan(claims, now))
    now += 300
    book.settle(errand, grant(errand, 7)[0], now)
    now += LEASE_MS - 301
    expect(book.plan(claims, now).kind).toBe('admitted')
    now += 1

    expect(book.plan(claims, now).kind).toBe('unknown')
  })

  test('does not prolong another one: each has its own life, and the older is spent first', () => {
    const late = errandOf(book.plan(claims, now))
    lend(claims, 5)
    now += 600
    book.settle({ ...late, sentAt: now }, grant(late, 5)[0], now)
    expect(book.plan(claims, now).kind).toBe('admitted')
    now += 400

    expect(spendAll(claims)).toBe(5)
  })

  test('counts for nothing when the clock goes back behind its beginning', () => {
    lend(claims, 7)
    now -= 1

    expect(book.plan(claims, now).kind).toBe('unknown')
  })

  test('that comes when its life is over is worth nothing', () => {
    const errand = errandOf(book.plan(claims, now))
    now += LEASE_MS
    book.settle(errand, grant(errand, 7)[0], now)

    expect(book.plan(claims, now).kind).toBe('unknown')
  })
})

describe('a renewal', () => {
  const claims = claimsOf({ limits: [RATE] })
  const renewalOf = (of: readonly Claim[]): Errand | undefined => {
    const plan = book.plan(of, now)
    return plan.kind === 'admitted' ? plan.renewal : undefined
  }
  /** Requests until one brings a renewal along: how many there were. */
  const untilRenewal = (of: readonly Claim[]): { spent: number; renewal: Errand } => {
    for (let spent = 1; spent < 100; spent++) {
      const renewal = renewalOf(of)
      if (renewal !== undefined) return { spent, renewal }
    }
    throw new Error('there was no renewal')
  }

  test('is asked for beside a request that has all it needs, when half is spent', () => {
    wants(claims, 200)
    const left = spendAll(claims)
    wants(claims, 200)
    const { spent, renewal } = untilRenewal(claims)

    expect(left).toBeGreaterThan(10)
    expect(spent).toBeLessThan(left)
    expect(renewal.asks).toMatchObject([{ cost: 1 }])
  })

  test('charges nothing: all that is granted is leased', () => {
    wants(claims, 200)
    const { renewal } = untilRenewal(claims)
    const before = spendAll(claims)
    book.settle(renewal, grant(renewal, 9)[0], now)

    expect(before).toBeGreaterThan(0)
    // The cost that each ask names is leased, too.
    expect(spendAll(claims)).toBe(10)
  })

  test('is asked for once at a time', () => {
    wants(claims, 200)
    const { renewal } = untilRenewal(claims)
    expect(renewalOf(claims)).toBeUndefined()
    book.giveUp(renewal, true)

    expect(renewalOf(claims)).toBeDefined()
  })

  test('that is refused is not tried again before the refusal ends, and what is left is spent', () => {
    wants(claims, 200)
    const { renewal } = untilRenewal(claims)
    book.settle(renewal, { admitted: false, refusals: [{ index: 0, retryAfterMs: 400 }] }, now)
    expect(book.plan(claims, now)).toEqual({ kind: 'admitted' })
    now += 400

    expect(untilRenewal(claims).renewal.asks).toHaveLength(1)
  })

  test('takes other limits along, so that they do not ask one by one', () => {
    const both = claimsOf({ limits: [RATE, TIGHT] })
    for (let time = 0; time < 300; time++) {
      now += 5
      request(both)
    }
    let errands = 0
    for (let time = 0; time < 400; time++) {
      now += 5
      const asked = request(both)
      if (asked.length > 0) errands++
      expect([0, 2]).toContain(asked.length)
    }

    expect(errands).toBeLessThan(40)
  })

  test('is not asked for where nothing can be leased', () => {
    const small = claimsOf({ limits: [{ ...RATE, limit: 30 } as LimitInput] })
    lend(small, 3)

    expect([renewalOf(small), renewalOf(small), renewalOf(small)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('a refusal', () => {
  const claims = claimsOf({ limits: [RATE] })

  test('is known until it ends, to the millisecond', () => {
    refuse(claims, 250)
    now += 249
    expect(book.plan(claims, now)).toMatchObject({
      kind: 'refused',
      refused: [{ claim: claims[0], retryAfterMs: 1 }],
    })
    now += 1

    expect(book.plan(claims, now).kind).toBe('unknown')
  })

  test('of a hot counter is kept, and told, for a quarter of a life at least', () => {
    wants(claims, 100)
    spendAll(claims)
    const errand = errandOf(book.plan(claims, now))
    const answer: Answer = { admitted: false, refusals: [{ index: 0, retryAfterMs: 3 }] }

    expect(book.settle(errand, answer, now)).toMatchObject([{ retryAfterMs: 250 }])
    now += 249
    expect(book.plan(claims, now)).toMatchObject({ refused: [{ retryAfterMs: 1 }] })
  })

  test('is forgotten when the clock goes back behind it', () => {
    refuse(claims, 250)
    now -= 1

    expect(book.plan(claims, now).kind).toBe('unknown')
  })

  test('by a quota holds for what costs as much, and is asked about again after 30 s', () => {
    const costs = [{ tools: '*/dear', cost: 10 }]
    const of = (tool: string) =>
      claimsOf({ limits: [{ ...QUOTA, costs } as LimitInput] }, callOf('tools/call', tool))
    refuse(of('dear'), 3_600_000)
    expect(book.plan(of('cheap'), now).kind).toBe('unknown')
    now += 29_999
    expect(book.plan(of('dear'), now)).toMatchObject({
      refused: [{ retryAfterMs: 3_600_000 - 29_999 }],
    })
    now += 1

    expect(book.plan(of('dear'), now).kind).toBe('unknown')
  })

  test('for ever is known, too', () => {
    refuse(claims, Infinity)

    expect(book.plan(claims, now)).toMatchObject({ refused: [{ retryAfterMs: Infinity }] })
  })
})

describe('several limits', () => {
  const both = claimsOf({ limits: [RATE, TIGHT] })
  const [one, other] = both.map((claim) => [claim])

  test('are asked about in one errand, and only those that are not known', () => {
    lend(one!, 7)

    expect(errandOf(book.plan(both, now)).asks.map(({ limit }) => limit)).toEqual([
      both[1]?.counter,
    ])
  })

  test('charge nothing when one of them refuses', () => {
    lend(one!, 7)
    refuse(both, 100)

    expect(spendAll(one!)).toBe(7)
  })

  test('charge nothing when one of them is known to refuse', () => {
    lend(one!, 7)
    refuse(other!, 100)
    for (let time = 0; time < 20; time++) expect(book.plan(both, now).kind).toBe('refused')

    expect(spendAll(one!)).toBe(7)
  })

  test('charge nothing when the last unit was set aside, and refused', () => {
    lend(one!, 1)
    const errand = errandOf(book.plan(both, now))
    request(one!)
    book.settle(errand, { admitted: false, refusals: [{ index: 0, retryAfterMs: 9 }] }, now)

    expect(book.plan(one!, now).kind).toBe('admitted')
  })

  test.each([
    { goesOn: false, left: 7 },
    { goesOn: true, left: 6 },
  ])('without an answer, what was set aside stays spent if the call goes on: $goesOn', (given) => {
    lend(one!, 7)
    book.giveUp(errandOf(book.plan(both, now)), given.goesOn)

    expect(spendAll(one!)).toBe(given.left)
  })

  test('that a lease covers go on, whatever was refused to others meanwhile', () => {
    const [granted, refused] = [book.plan(both, now), book.plan(both, now)].map(errandOf)
    book.settle(granted!, grant(granted!, 3)[0], now)
    const refusals = [{ index: 0, retryAfterMs: 500 }]
    book.settle(refused!, { admitted: false, refusals }, now)

    for (let time = 0; time < 3; time++) expect(book.plan(both, now).kind).toBe('admitted')
    expect(book.plan(both, now).kind).toBe('refused')
  })
})

describe('a quota', () => {
  const claims = claimsOf({ limits: [QUOTA] })
  const backOf = (): Ask['back'] => errandOf(book.plan(claims, now)).asks[0]?.back

  test('gets back what was left of a lease, once', () => {
    lend(claims, 7)
    now += LEASE_MS

    expect(backOf()).toEqual({ amount: 7, epoch: EPOCH })
    expect(backOf()).toBeUndefined()
  })

  test('does not get back what was spent before', () => {
    lend(claims, 7)
    for (let time = 0; time < 4; time++) book.plan(claims, now)
    now += LEASE_MS

    expect(backOf()).toEqual({ amount: 3, epoch: EPOCH })
  })

  test('gets back what another limit refused meanwhile, also when the lease has ended', () => {
    const both = claimsOf({ limits: [QUOTA, TIGHT] })
    lend(claims, 7)
    const errand = errandOf(book.plan(both, now))
    now += LEASE_MS
    expect(backOf()).toEqual({ amount: 6, epoch: EPOCH })
    book.settle(errand, { admitted: false, refusals: [{ index: 0, retryAfterMs: 100 }] }, now)

    expect(backOf()).toEqual({ amount: 1, epoch: EPOCH })
    expect(backOf()).toBeUndefined()
  })

  test('of another period is not mixed with what is left', () => {
    lend(claims, 7)
    now += LEASE_MS
    const next = errandOf(book.plan(claims, now))
    expect(next.asks[0]?.back).toEqual({ amount: 7, epoch: EPOCH })
    book.settle(next, grant(next, 9, EPOCH + 86_400_000)[0], now)
    now += LEASE_MS

    expect(backOf()).toEqual({ amount: 9, epoch: EPOCH + 86_400_000 })
  })

  test('gets back the cost of a call that came to nothing, and a rate does not', () => {
    const both = claimsOf({ limits: [QUOTA, TIGHT] })
    lend(both, 7)
    const refund = book.refundOf(both)
    refund()
    now += LEASE_MS

    expect(errandOf(book.plan(both, now)).asks.map(({ back }) => back)).toEqual([
      { amount: 8, epoch: EPOCH },
      undefined,
    ])
  })
})

test('the book is bounded, and what was asked about longest ago leaves', () => {
  const of = (principal: string) => claimsOf({ limits: [{ ...RATE, per: 'principal' }], principal })
  refuse(of('first'), 60_000)
  for (let at = 0; at < 9_999; at++) request(of(`p${at}`))
  expect(book.plan(of('first'), now).kind).toBe('refused')
  request(of('one more'))

  expect(book.size).toBe(10_000)
  expect(book.plan(of('first'), now).kind).toBe('unknown')
})
