import { expect, test } from 'vitest'
import {
  checkAfterMs,
  Heard,
  healthOf,
  needsCheck,
} from '#durable-objects/server-host/guard/health.ts'
import { mergeReports } from '#durable-objects/server-host/guard/merge-reports.ts'
import { createRandom } from '#test/support/random.ts'

const NOW = 1_795_000_000_000

/** `s`, `f`, `n`: a call; `S`, `F`: an active check. */
const hear = (text: string): Heard => {
  const heard = new Heard()
  for (const letter of text) {
    if (letter === 'S' || letter === 'F') heard.noteCheck(letter === 'S', NOW)
    else heard.note(letter === 's' ? 'success' : letter === 'f' ? 'failure' : 'neutral', NOW)
  }
  return heard
}

test.each([
  { heard: '', health: 'unknown' },
  { heard: 'n', health: 'unknown' },
  { heard: 's', health: 'healthy' },
  { heard: 'sf', health: 'failing' },
  { heard: 'sfn', health: 'failing' },
  { heard: 'fs', health: 'healthy' },
  { heard: 'F', health: 'failing' },
  { heard: 'FF', health: 'unhealthy' },
  { heard: 'FFs', health: 'unhealthy' },
  { heard: 'FFS', health: 'healthy' },
  { heard: 'FSF', health: 'failing' },
])('heard "$heard" it is $health', ({ heard, health }) => {
  expect(healthOf(hear(heard), 'closed')).toBe(health)
})

test('a server whose calls are refused is unhealthy', () => {
  expect(healthOf(hear('s'), 'open')).toBe('unhealthy')
  expect(healthOf(hear('s'), 'half-open')).toBe('unhealthy')
})

test('a server that answered a moment ago is not asked', () => {
  expect(needsCheck(hear('s'), NOW + 899, 1_000)).toBe(false)
  expect(needsCheck(hear('s'), NOW + 900, 1_000)).toBe(true)
  expect(needsCheck(hear('f'), NOW, 1_000)).toBe(true)
})

test('checks are a tenth of the interval early or late', () => {
  const random = createRandom(3)
  const waits = Array.from({ length: 1_000 }, () => checkAfterMs(1_000, random()))

  expect(Math.min(...waits)).toBeGreaterThanOrEqual(900)
  expect(Math.max(...waits)).toBeLessThanOrEqual(1_100)
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(150)
})

test("the principals' reports make one: sums, and the worst", () => {
  const one = { inFlight: 1, queued: 0, calls: 5, failures: 1 }
  const failure = (at: number) => ({ code: 'call_timeout', at }) as const
  const reports = [
    { ...one, health: 'healthy', breaker: { state: 'closed' }, lastFailure: failure(1) },
    {
      ...one,
      health: 'unhealthy',
      breaker: { state: 'open', since: NOW },
      lastFailure: failure(2),
    },
    { ...one, health: 'unknown' },
  ] as const

  expect(mergeReports(reports)).toEqual({
    ...{ health: 'unhealthy', breaker: { state: 'open', since: NOW } },
    ...{ inFlight: 3, queued: 0, calls: 15, failures: 3, lastFailure: failure(2) },
  })
})
