import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { within } from '#protocol/within.ts'

const MS = 50

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const fail = (): never => {
  throw new Error('late')
}

test('work that ends in time is what comes, and leaves no timer', async () => {
  expect(await within(Promise.resolve('done'), MS, fail)).toBe('done')
  await expect(within(Promise.reject(new Error('its own')), MS, fail)).rejects.toThrow('its own')

  expect(vi.getTimerCount()).toBe(0)
})

test.each([
  ['a value', () => 'late', { status: 'fulfilled', value: 'late' }],
  ['an error', fail, { status: 'rejected', reason: new Error('late') }],
])('what takes too long is %s that was asked for', async (_what, late, expected) => {
  const work = Promise.withResolvers<string>()
  const settled = Promise.allSettled([within(work.promise, MS, late)])

  await vi.advanceTimersByTimeAsync(MS)

  expect(await settled).toEqual([expected])
  // It would end the process if nobody took it.
  work.reject(new Error('for nobody'))
})
