import { expect, test } from 'vitest'
import { DEFAULT_RESILIENCE, type RetryPolicy } from '#protocol/resilience.ts'
import { backoffMs, pauseMs } from '#durable-objects/server-host/guard/backoff.ts'
import { createRandom } from '#test/support/random.ts'

const POLICY: RetryPolicy = { attempts: 4, baseMs: 100, maxMs: 350, budgetRatio: 0.2 }
const NOW = 1_795_000_000_000
const AHEAD = { attempts: 1, now: NOW, deadline: NOW + 60_000, random: 0.5 }

test.each([
  { retry: 1, random: 0, pause: 0 },
  { retry: 1, random: 0.999, pause: 99 },
  { retry: 2, random: 0.5, pause: 100 },
  { retry: 3, random: 0.5, pause: 175 },
  { retry: 60, random: 0.999, pause: 349 },
])('pause $retry with $random of it is $pause ms', ({ retry, random, pause }) => {
  expect(backoffMs(retry, POLICY, random)).toBe(pause)
})

test('a pause is never negative, never over the maximum, and spread over all of it', () => {
  const random = createRandom(7)
  const pauses = Array.from({ length: 5_000 }, (_, n) => backoffMs(1 + (n % 12), POLICY, random()))

  expect(Math.min(...pauses)).toBeLessThan(5)
  expect(Math.max(...pauses)).toBeGreaterThan(340)
  expect(pauses.every((pause) => pause >= 0 && pause < POLICY.maxMs)).toBe(true)
})

test.each([
  { name: 'in time', change: {}, pause: 50 },
  { name: 'the last that is allowed', change: { attempts: 3 }, pause: 175 },
  { name: 'one too many', change: { attempts: 4 }, pause: undefined },
  { name: 'just in time', change: { deadline: NOW + 100 }, pause: 50 },
  { name: 'too late for an answer', change: { deadline: NOW + 99 }, pause: undefined },
  { name: 'past the deadline', change: { deadline: NOW - 1 }, pause: undefined },
  { name: 'that is asked to wait longer', change: { askedMs: 300 }, pause: 300 },
  { name: 'that is asked to wait for less', change: { askedMs: 1 }, pause: 50 },
  { name: 'that is asked to wait too long', change: { askedMs: 351 }, pause: undefined },
  { name: 'without a deadline', change: { deadline: Infinity }, pause: 50 },
])('a try $name waits $pause', ({ change, pause }) => {
  expect(pauseMs({ ...AHEAD, ...change }, POLICY)).toBe(pause)
})

test('what is configured by default tries once more', () => {
  const { retries } = DEFAULT_RESILIENCE
  if (retries === false) throw new Error('retries are off')

  expect(pauseMs(AHEAD, retries)).toBe(50)
  expect(pauseMs({ ...AHEAD, attempts: 2 }, retries)).toBeUndefined()
})
