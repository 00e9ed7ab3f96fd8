import { expect, test } from 'vitest'
import {
  REFILL_MS,
  RetryBudget,
  SAVED_RETRIES,
} from '#durable-objects/server-host/guard/retry-budget.ts'
import { createRandom } from '#test/support/random.ts'

const NOW = 1_795_000_000_000

/** A budget without an end is one of so many. */
const MAX_TAKEN = 10 * SAVED_RETRIES

const takeAll = (budget: RetryBudget, now: number): number => {
  let taken = 0
  while (taken < MAX_TAKEN && budget.take(now)) taken++
  return taken
}

test('a server begins with some, and has no more than that ever', () => {
  const budget = new RetryBudget(NOW)
  for (let n = 0; n < 1_000; n++) budget.add(1)

  expect(takeAll(budget, NOW)).toBe(SAVED_RETRIES)
})

test('calls earn retries by the ratio', () => {
  const budget = new RetryBudget(NOW)
  takeAll(budget, NOW)
  for (let n = 0; n < 16; n++) budget.add(0.25)

  expect(takeAll(budget, NOW)).toBe(4)
})

test('with no calls time earns them', () => {
  const budget = new RetryBudget(NOW)
  takeAll(budget, NOW)

  expect(budget.take(NOW + REFILL_MS - 1)).toBe(false)
  expect(budget.take(NOW + REFILL_MS)).toBe(true)
  expect(budget.take(NOW + REFILL_MS)).toBe(false)
})

test('a clock that goes back earns nothing', () => {
  const budget = new RetryBudget(NOW)
  takeAll(budget, NOW)

  expect(budget.take(NOW - 10 * REFILL_MS)).toBe(false)
})

test('over any while there are no more retries than were saved, earned and waited for', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = createRandom(seed)
    const ratio = random()
    const budget = new RetryBudget(NOW)
    let now = NOW
    const events: { at: number; what: 'call' | 'retry' }[] = []
    for (let step = 0; step < 400; step++) {
      now += Math.floor(random() ** 6 * 30_000)
      if (random() < 0.5) {
        budget.add(ratio)
        events.push({ at: now, what: 'call' })
      } else if (budget.take(now)) events.push({ at: now, what: 'retry' })
    }
    for (let from = 0; from < events.length; from += 7) {
      const since = events.slice(from)
      const retries = since.filter(({ what }) => what === 'retry').length
      const calls = since.length - retries
      const passedMs = now - (events[from - 1]?.at ?? NOW)
      const most = SAVED_RETRIES + calls * ratio + passedMs / REFILL_MS
      expect(retries, `seed ${seed}`).toBeLessThanOrEqual(most + 1e-6)
    }
  }
})
