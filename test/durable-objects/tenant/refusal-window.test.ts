import { expect, test } from 'vitest'
import { RefusalWindow } from '#durable-objects/tenant/audit/refusal-window.ts'

test('beyond 60 a minute refusals are counted, and the count is told with the next', () => {
  const window = new RefusalWindow()
  const admitted = Array.from({ length: 100 }, () => window.admit(1_000))

  expect(admitted.filter((each) => each !== undefined)).toHaveLength(60)
  expect(window.admit(60_999)).toBeUndefined()
  expect(window.admit(61_000)).toEqual({ dropped: 41 })
  expect(window.admit(61_001)).toEqual({ dropped: 0 })
})
