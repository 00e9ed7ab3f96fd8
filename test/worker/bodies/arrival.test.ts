/** Whose body is slow. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Arrival, SlowBodies } from '#worker/bodies/arrival.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** One of which nothing more comes; `isCut` once that is noticed. */
function startArrival(slow = new SlowBodies()) {
  const arrival = new Arrival(slow, 'credential')
  const state = { arrival, isCut: false }
  const wait = () => arrival.inTime(new Promise(() => undefined)).catch(() => (state.isCut = true))
  return Object.assign(state, { wait })
}

test('while a body waits for room, it is not its sender who is slow', async () => {
  const body = startArrival()
  void body.wait()
  await vi.advanceTimersByTimeAsync(5_000)
  const resume = body.arrival.pause()
  await vi.advanceTimersByTimeAsync(60_000)
  resume()
  void body.wait()

  await vi.advanceTimersByTimeAsync(4_900)
  expect(body.isCut).toBe(false)
  await vi.advanceTimersByTimeAsync(200)
  expect(body.isCut).toBe(true)
})

test('slow bodies whose requests ended without a word are forgotten', async () => {
  const slow = new SlowBodies()
  for (let n = 0; n < 32; n++) slow.add('credential', startArrival().arrival, 0)
  expect(slow.add('credential', startArrival().arrival, 120_000)).toBe(false)

  expect(slow.add('another', startArrival().arrival, 120_001)).toBe(true)
  expect(slow.add('credential', startArrival().arrival, 120_001)).toBe(true)
  expect(slow.size).toBe(2)
})
