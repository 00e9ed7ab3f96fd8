/** In which order a route's servers are tried. */
import { describe, expect, test } from 'vitest'
import {
  chooseOrder,
  type Candidate,
  type Choice,
} from '#durable-objects/server-host/routing/choose.ts'
import type { Strategy } from '#protocol/routes.ts'
import { createRandom } from '#test/support/random.ts'

const [a, b, c] = ['a', 'b', 'c'].map((server) => ({ server, weight: 1 })) as [
  Candidate,
  Candidate,
  Candidate,
]
const ALL = [a, b, c]

interface World {
  open?: string[]
  inFlight?: Record<string, number>
}

function order(
  candidates: Candidate[],
  choice: Partial<Choice>,
  { open = [], inFlight = {} }: World = {},
): string {
  const ordered = chooseOrder(
    candidates,
    { strategy: 'failover', turn: 0, stickyKey: 'session', ...choice },
    ({ server }) => ({ isOpen: open.includes(server), inFlight: inFlight[server] ?? 0 }),
  )
  return ordered.map(({ server }) => server).join('')
}

const STRATEGIES: Strategy[] = ['failover', 'round-robin', 'least-in-flight', 'weighted', 'sticky']

test.each<[name: string, choice: Partial<Choice>, world: World, expected: string]>([
  ['as they stand', { turn: 5 }, {}, 'abc'],
  ['an open breaker goes last', {}, { open: ['a'] }, 'bca'],
  ['all open: as they stand', {}, { open: ['a', 'b', 'c'] }, 'abc'],
  ['the first turn', { strategy: 'round-robin' }, {}, 'abc'],
  ['the second turn', { strategy: 'round-robin', turn: 1 }, {}, 'bca'],
  ['a later turn', { strategy: 'round-robin', turn: 5 }, {}, 'cab'],
  ['turns without the open', { strategy: 'round-robin', turn: 1 }, { open: ['b'] }, 'cab'],
  ['the least busy', { strategy: 'least-in-flight' }, { inFlight: { a: 2, b: 1, c: 0 } }, 'cba'],
  [
    'the least busy but open',
    { strategy: 'least-in-flight' },
    { open: ['c'], inFlight: { a: 1 } },
    'bac',
  ],
  ['equally busy take turns', { strategy: 'least-in-flight', turn: 2 }, {}, 'cab'],
])('%s', (_, choice, world, expected) => {
  expect(order(ALL, choice, world)).toBe(expected)
})

test.each(STRATEGIES)('%s: each server is there once, whatever the state', (strategy) => {
  const random = createRandom(7)
  for (let turn = 0; turn < 200; turn++) {
    const open = ALL.map(({ server }) => server).filter(() => random() < 0.3)
    const inFlight = Object.fromEntries(ALL.map(({ server }) => [server, Math.floor(random() * 5)]))
    const candidates = ALL.map(({ server }) => ({ server, weight: Math.floor(random() * 4) }))
    const ordered = order(
      candidates,
      { strategy, turn, stickyKey: String(turn) },
      { open, inFlight },
    )

    expect([...ordered].toSorted().join('')).toBe('abc')
    expect(order([], { strategy, turn }, {})).toBe('')
  }
})

describe('by weight', () => {
  const firsts = (weights: number[], turns: number): Record<string, number> => {
    const candidates = weights.map((weight, at) => ({ server: 'abcdef'[at] ?? '', weight }))
    const counts: Record<string, number> = {}
    for (let turn = 0; turn < turns; turn++) {
      const [first = ''] = order(candidates, { strategy: 'weighted', turn })
      counts[first] = (counts[first] ?? 0) + 1
    }
    return counts
  }

  test.each([[[3, 1]], [[1, 1, 1]], [[5, 3, 2]], [[1, 1_000]], [[7]], [[2, 0, 2]]])(
    '%j: each round gives each exactly its weight',
    (weights) => {
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      const expected = weights.map((weight, at) => ['abcdef'[at], weight * 3])

      expect(firsts(weights, total * 3)).toEqual(
        Object.fromEntries(expected.filter(([, count]) => count !== 0)),
      )
    },
  )

  test('no server waits for long', () => {
    const candidates = [
      { server: 'a', weight: 90 },
      { server: 'b', weight: 10 },
    ]
    const turns = Array.from(
      { length: 200 },
      (_, turn) => order(candidates, { strategy: 'weighted', turn })[0],
    )
    const gaps = turns.join('').split('b').slice(1, -1)

    expect(Math.max(...gaps.map(({ length }) => length))).toBeLessThan(25)
  })

  test('of no weight at all: as they stand', () => {
    const none = ALL.map(({ server }) => ({ server, weight: 0 }))

    expect(order(none, { strategy: 'weighted' })).toBe('abc')
  })
})

describe('sticky', () => {
  const first = (key: string, candidates = ALL): string =>
    order(candidates, { strategy: 'sticky', stickyKey: key }).charAt(0)
  const keys = Array.from({ length: 3_000 }, (_, n) => `main.${n.toString(16).padStart(32, '0')}`)

  test('a key stays, whatever the turn', () => {
    const orders = [0, 1, 2].map((turn) => order(ALL, { strategy: 'sticky', turn }))

    expect(new Set(orders).size).toBe(1)
  })

  test('keys are spread', () => {
    const shares = ALL.map(({ server }) => keys.filter((key) => first(key) === server).length)

    for (const share of shares) expect(share).toBeGreaterThan(800)
  })

  test('a server that is gone moves its own keys alone', () => {
    const moved = keys.filter((key) => first(key) !== 'b' && first(key) !== first(key, [a, c]))

    expect(moved).toEqual([])
  })
})
