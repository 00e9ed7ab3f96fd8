import { expect, test } from 'vitest'
import { Bulkhead } from '#durable-objects/server-host/guard/bulkhead.ts'
import { createRandom } from '#test/support/random.ts'

const BOUNDS = { maxConcurrent: 2, maxQueued: 2 }
const NOW = 1_795_000_000_000

/** All are one principal's, but for those that begin with another's name. */
const ownerOf = (item: string): string => item.split(':')[1] ?? 'one'

const filled = (...items: string[]): Bulkhead<string> => {
  const bulkhead = new Bulkhead<string>(ownerOf)
  for (const item of items) bulkhead.enter(item, NOW + 100, BOUNDS)
  return bulkhead
}

test('some run, some wait, and the next has no room', () => {
  const bulkhead = new Bulkhead<string>(ownerOf)
  const entered = ['a', 'b', 'c', 'd', 'e'].map((item) => bulkhead.enter(item, NOW, BOUNDS))

  expect(entered).toEqual(['runs', 'runs', 'waits', 'waits', 'full'])
  expect([bulkhead.inFlight, bulkhead.queued]).toEqual([2, 2])
})

test('whoever waited longest comes next', () => {
  const bulkhead = filled('a', 'b', 'c', 'd')

  expect([bulkhead.leave(BOUNDS), bulkhead.leave(BOUNDS)]).toEqual(['c', 'd'])
  expect([bulkhead.leave(BOUNDS), bulkhead.inFlight]).toEqual([undefined, 1])
})

test('nobody overtakes those who wait', () => {
  const bulkhead = filled('a', 'b', 'c')
  const wider = { maxConcurrent: 3, maxQueued: 2 }

  expect(bulkhead.enter('d', NOW, wider)).toBe('waits')
  expect([bulkhead.next(wider), bulkhead.next(wider)]).toEqual(['c', undefined])
})

test('the principals that wait come in turn, each one’s calls in their order', () => {
  const bounds = { maxConcurrent: 1, maxQueued: 10 }
  const bulkhead = new Bulkhead<string>(ownerOf)
  for (const item of ['0:a', '1:a', '2:a', '3:a', '1:b', '2:b', '1:c']) {
    bulkhead.enter(item, NOW, bounds)
  }

  const order = Array.from({ length: 6 }, () => bulkhead.leave(bounds))
  expect(order).toEqual(['1:a', '1:b', '1:c', '2:a', '2:b', '3:a'])
})

test('in a full queue the newest of whoever has most gives way', () => {
  const bounds = { maxConcurrent: 1, maxQueued: 3 }
  const bulkhead = new Bulkhead<string>(ownerOf)
  for (const item of ['0:a', '1:a', '2:a', '3:a']) bulkhead.enter(item, NOW, bounds)

  expect(bulkhead.enter('1:b', NOW, bounds)).toBe('full')
  expect(bulkhead.greedier('1:b')).toBe('3:a')
  expect(bulkhead.greedier('4:a')).toBeUndefined()
  bulkhead.remove('3:a')
  expect(bulkhead.enter('1:b', NOW, bounds)).toBe('waits')
  // Two and one: one more would have as much as the other.
  expect(bulkhead.greedier('2:b')).toBeUndefined()
})

test('who gives up waiting makes room', () => {
  const bulkhead = filled('a', 'b', 'c', 'd')
  bulkhead.remove('c')

  expect(bulkhead.waiting).toEqual(['d'])
  expect(bulkhead.leave(BOUNDS)).toBe('d')
})

test('who has waited too long is told', () => {
  const bulkhead = filled('a', 'b', 'c')
  bulkhead.enter('d', NOW + 200, BOUNDS)

  expect(bulkhead.late(NOW + 99)).toEqual([])
  expect(bulkhead.late(NOW + 100)).toEqual(['c'])
  expect(bulkhead.late(NOW + 200)).toEqual(['c', 'd'])
})

test('with narrower bounds those that run are let run out', () => {
  const bulkhead = filled('a', 'b', 'c')
  const narrow = { maxConcurrent: 1, maxQueued: 2 }

  expect(bulkhead.leave(narrow)).toBeUndefined()
  expect(bulkhead.leave(narrow)).toBe('c')
})

test('neither bound is passed, and all who wait come in their order, whatever happens', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = createRandom(seed)
    const bounds = {
      maxConcurrent: 1 + Math.floor(random() * 5),
      maxQueued: Math.floor(random() * 5),
    }
    const bulkhead = new Bulkhead<number>(() => 'one')
    let [running, lastBegun] = [0, -1]
    const begin = (item: number | undefined): void => {
      if (item === undefined) return
      running++
      expect(item, `seed ${seed}`).toBeGreaterThan(lastBegun)
      lastBegun = item
    }
    for (let item = 0; item < 1_000; item++) {
      if (random() < 0.5) {
        const entered = bulkhead.enter(item, 0, bounds)
        begin(entered === 'runs' ? item : undefined)
      } else if (running > 0) {
        running--
        begin(bulkhead.leave(bounds))
      }
      expect(bulkhead.inFlight, `seed ${seed}`).toBe(running)
      expect(running, `seed ${seed}`).toBeLessThanOrEqual(bounds.maxConcurrent)
      expect(bulkhead.queued, `seed ${seed}`).toBeLessThanOrEqual(bounds.maxQueued)
      const isIdle = running < bounds.maxConcurrent
      expect(isIdle && bulkhead.queued > 0, `seed ${seed}`).toBe(false)
    }
  }
})
