import { expect, test } from 'vitest'
import { CallTime } from '#durable-objects/server-host/call/call-time.ts'

const HOUR_MS = 3_600_000

test('a call is postponed while its server is installed, and not for ever', () => {
  const time = new CallTime({ now: 0, timeoutMs: 1_000, totalMs: 5_000 })
  time.postpone(HOUR_MS / 2)
  expect(time.deadline).toBe(HOUR_MS / 2 + 1_000)
  for (let hour = 0; hour < 10; hour++) time.postpone(HOUR_MS)
  expect(time.deadline).toBe(HOUR_MS + 1_000)
})
