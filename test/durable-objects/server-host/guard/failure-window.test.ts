import { expect, test } from 'vitest'
import { FailureWindow } from '#durable-objects/server-host/guard/failure-window.ts'
import { createRandom } from '#test/support/random.ts'

const WINDOW_MS = 1_000
const NOW = 1_795_000_000_000

test('calls and failures count until they leave the window', () => {
  const window = new FailureWindow()
  window.add(true, NOW, WINDOW_MS)
  window.add(false, NOW + 500, WINDOW_MS)

  expect(window.read(NOW + 899, WINDOW_MS)).toEqual({ calls: 2, failures: 1 })
  expect(window.read(NOW + 1_000, WINDOW_MS)).toEqual({ calls: 1, failures: 0 })
  expect(window.read(NOW + 5_000, WINDOW_MS)).toEqual({ calls: 0, failures: 0 })
})

test('a clock that goes back loses nothing', () => {
  const window = new FailureWindow()
  window.add(true, NOW, WINDOW_MS)
  window.add(true, NOW - 700, WINDOW_MS)

  expect(window.read(NOW, WINDOW_MS)).toEqual({ calls: 2, failures: 2 })
})

test('it never counts what is older than the window, and always what is younger than nine tenths of it', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = createRandom(seed)
    const window = new FailureWindow()
    const added: { at: number; isFailure: boolean }[] = []
    let now = NOW
    for (let step = 0; step < 500; step++) {
      now += Math.floor(random() ** 4 * 600)
      const isFailure = random() < 0.3
      window.add(isFailure, now, WINDOW_MS)
      added.push({ at: now, isFailure })
      const { calls, failures } = window.read(now, WINDOW_MS)
      const within = (ms: number) => added.filter(({ at }) => now - at < ms)
      const bad = (ms: number) => within(ms).filter((one) => one.isFailure).length
      expect(calls, `seed ${seed}`).toBeLessThanOrEqual(within(WINDOW_MS).length)
      expect(calls, `seed ${seed}`).toBeGreaterThanOrEqual(within(0.9 * WINDOW_MS).length)
      expect(failures, `seed ${seed}`).toBeLessThanOrEqual(bad(WINDOW_MS))
      expect(failures, `seed ${seed}`).toBeGreaterThanOrEqual(bad(0.9 * WINDOW_MS))
    }
  }
})
