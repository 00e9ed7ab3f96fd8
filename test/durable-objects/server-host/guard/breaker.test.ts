import { expect, test } from 'vitest'
import type { BreakerPolicy } from '#protocol/resilience.ts'
import {
  Breaker,
  type BreakerState,
  type Judgement,
} from '#durable-objects/server-host/guard/breaker.ts'
import { createRandom } from '#test/support/random.ts'

const POLICY: BreakerPolicy = {
  failureRate: 0.5,
  minimumCalls: 10,
  windowMs: 10_000,
  consecutiveFailures: 5,
  openMs: 1_000,
  halfOpenCalls: 2,
}
const NOW = 1_795_000_000_000

/** Each judgement as one call: `s`, `f` or `n`. */
function feed(breaker: Breaker, calls: string, now: number, policy = POLICY): void {
  const judgements: Record<string, Judgement> = { s: 'success', f: 'failure', n: 'neutral' }
  for (const call of calls) {
    const epoch = breaker.admit(now, policy)
    if (epoch === undefined) throw new Error('refused')
    breaker.settle(epoch, judgements[call] ?? 'neutral', now, policy)
  }
}

test.each([
  { name: 'nothing', calls: '', phase: 'closed' },
  { name: 'one failure fewer than in a row', calls: 'ffff', phase: 'closed' },
  { name: 'failures in a row', calls: 'fffff', phase: 'open' },
  { name: 'a success between them', calls: 'ffffsffff', phase: 'closed' },
  { name: 'what says nothing between them', calls: 'fffnnf', phase: 'closed' },
  { name: 'what says nothing does not end the row', calls: 'fffnff', phase: 'open' },
  { name: 'half of too few calls', calls: 'fsfsfsfsf', phase: 'closed' },
  { name: 'half of enough calls', calls: 'fsfsfsfssf', phase: 'open' },
  { name: 'less than half of enough calls', calls: 'fssfsfsfss', phase: 'closed' },
  { name: 'what says nothing is no call', calls: 'nnnnnnnnnnffff', phase: 'closed' },
])('after $name it is $phase', ({ calls, phase }) => {
  const breaker = new Breaker()

  feed(breaker, calls, NOW)

  expect(breaker.phaseAt(NOW)).toBe(phase)
})

test('failures that have left the window do not open it', () => {
  const breaker = new Breaker()
  feed(breaker, 'fffsfffs', NOW)

  feed(breaker, 'fs', NOW + POLICY.windowMs)

  expect(breaker.state).toEqual({ phase: 'closed' })
  expect(breaker.counts(NOW + POLICY.windowMs, POLICY)).toEqual({ calls: 2, failures: 1 })
})

test('open, it refuses everything until its time, and says how long that is', () => {
  const breaker = new Breaker()
  feed(breaker, 'fffff', NOW)

  expect(breaker.state).toEqual({ phase: 'open', since: NOW, until: NOW + 1_000 })
  expect(breaker.admit(NOW + 999, POLICY)).toBeUndefined()
  expect(breaker.retryAfterMs(NOW + 400)).toBe(600)
  expect(breaker.admit(NOW + 1_000, POLICY)).toBeDefined()
  expect(breaker.state).toEqual({ phase: 'half-open', since: NOW + 1_000 })
})

test('half-open, as many may try as are configured, and all must succeed', () => {
  const breaker = new Breaker()
  feed(breaker, 'fffff', NOW)
  const later = NOW + 1_000
  const [first, second] = [breaker.admit(later, POLICY), breaker.admit(later, POLICY)]

  expect(breaker.admit(later, POLICY)).toBeUndefined()
  breaker.settle(first ?? -1, 'success', later, POLICY)
  expect(breaker.admit(later, POLICY)).toBeUndefined()
  expect(breaker.phaseAt(later)).toBe('half-open')
  breaker.settle(second ?? -1, 'success', later + 5, POLICY)

  expect(breaker.state).toEqual({ phase: 'closed', since: later + 5 })
  expect(breaker.counts(later, POLICY)).toEqual({ calls: 0, failures: 0 })
})

test('half-open, a failure opens it again, and what says nothing gives its place back', () => {
  const breaker = new Breaker()
  feed(breaker, 'fffff', NOW)
  feed(breaker, 'nnnn', NOW + 1_000)
  expect(breaker.phaseAt(NOW + 1_000)).toBe('half-open')

  feed(breaker, 'f', NOW + 1_000)

  expect(breaker.state).toEqual({ phase: 'open', since: NOW + 1_000, until: NOW + 2_000 })
})

test('what was let in before it opened says nothing of whether it has recovered', () => {
  const breaker = new Breaker()
  const early = breaker.admit(NOW, POLICY) ?? -1
  feed(breaker, 'fffff', NOW)
  breaker.admit(NOW + 1_000, POLICY)

  breaker.settle(early, 'failure', NOW + 1_000, POLICY)
  expect(breaker.phaseAt(NOW + 1_000)).toBe('half-open')
  breaker.settle(early, 'success', NOW + 1_000, POLICY)
  expect(breaker.phaseAt(NOW + 1_000)).toBe('half-open')
})

test('one that was stored goes on where it was', () => {
  const stored: BreakerState = { phase: 'open', since: NOW, until: NOW + 1_000 }
  const breaker = new Breaker(stored)

  expect(breaker.admit(NOW + 999, POLICY)).toBeUndefined()
  feed(breaker, 'ss', NOW + 1_000)
  expect(breaker.phaseAt(NOW + 1_000)).toBe('closed')
})

test('another server begins closed', () => {
  const breaker = new Breaker()
  feed(breaker, 'fffff', NOW)

  breaker.reset()

  expect(breaker.state).toEqual({ phase: 'closed' })
  feed(breaker, 'ffff', NOW)
  expect(breaker.phaseAt(NOW)).toBe('closed')
})

/** Random calls; what must hold at each step is computed from what was seen, not from the breaker. */
function simulate(seed: number): void {
  const random = createRandom(seed)
  const policy = { ...POLICY, halfOpenCalls: 1 + Math.floor(random() * 4) }
  const breaker = new Breaker()
  const running = new Set<{ epoch: number; state: BreakerState }>()
  const tries = { state: breaker.state, running: 0, succeeded: 0 }
  const failing = random()
  let now = NOW
  for (let step = 0; step < 2_000; step++) {
    now += Math.floor(random() * 200)
    if (random() < 0.6) {
      const wasOpen = breaker.phaseAt(now) === 'open'
      const epoch = breaker.admit(now, policy)
      if (wasOpen) expect(epoch, `seed ${seed}`).toBeUndefined()
      if (breaker.state !== tries.state) {
        Object.assign(tries, { state: breaker.state, running: 0, succeeded: 0 })
      }
      if (epoch === undefined) continue
      running.add({ epoch, state: breaker.state })
      tries.running++
      if (breaker.state.phase !== 'half-open') continue
      const passed = tries.running + tries.succeeded
      expect(passed, `seed ${seed}`).toBeLessThanOrEqual(policy.halfOpenCalls)
      continue
    }
    const [call] = running
    if (call === undefined) continue
    running.delete(call)
    const roll = random()
    const judgement = roll < 0.1 ? 'neutral' : roll < 0.1 + 0.9 * failing ? 'failure' : 'success'
    const before = breaker.state
    breaker.settle(call.epoch, judgement, now, policy)
    const isStale = call.state !== before
    if (isStale) expect(breaker.state, `seed ${seed}`).toBe(before)
    else if (judgement === 'failure' && before.phase === 'half-open') {
      expect(breaker.state.phase, `seed ${seed}`).toBe('open')
    } else {
      tries.running--
      if (judgement === 'success') tries.succeeded++
    }
  }
}

test('no more than its tries pass while it is half-open, and none while it is open, whatever happens', () => {
  for (let seed = 1; seed <= 50; seed++) simulate(seed)
})
