import { expect, test } from 'vitest'
import type { HostCall } from '#protocol/host-call.ts'
import type { Occupancy } from '#protocol/limiter.ts'
import { requireSlots } from '#durable-objects/server-host/call/require-slots.ts'

const slot = (key: string, limit: number, per: Occupancy['per'] = 'tool'): Occupancy => ({
  ...{ name: `limit-${key}`, per, key, limit },
})
const call = (...occupancies: Occupancy[]) =>
  ({ ...(occupancies.length > 0 && { occupancies }) }) as HostCall
const inFlight = (...calls: HostCall[]) => calls.map((host) => ({ host }))

test('a call without concurrency limits always has room', () => {
  expect(() => requireSlots(call(), inFlight(call(slot('a', 1))))).not.toThrow()
})

test('calls are counted by their key alone', () => {
  const others = inFlight(call(slot('b', 1)), call(), call(slot('b', 1), slot('c', 1)))

  expect(() => requireSlots(call(slot('a', 1)), others)).not.toThrow()
  expect(() => requireSlots(call(slot('b', 3)), others)).not.toThrow()
  expect(() => requireSlots(call(slot('b', 2)), others)).toThrow(/allows 2 calls at once/)
})

test('one limit without room is enough, and those that have none are told', () => {
  const running = inFlight(call(slot('a', 1), slot('b', 5)), call(slot('c', 1)))
  const next = call(slot('b', 5), slot('c', 1, 'tenant'), slot('a', 1))

  expect(() => requireSlots(next, running)).toThrow(
    expect.objectContaining({
      code: 'too_many_calls',
      data: { limit: 'limit-c', scope: 'tenant' },
      headers: {
        'ratelimit-policy':
          '"limit-c";q=1;qu="concurrent-requests", "limit-a";q=1;qu="concurrent-requests"',
        ratelimit: '"limit-c";r=0, "limit-a";r=0',
      },
    }),
  )
})
