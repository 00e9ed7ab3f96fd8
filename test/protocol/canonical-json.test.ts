import { expect, test } from 'vitest'
import { toCanonicalJSON } from '#protocol/canonical-json.ts'

test('values that are equal have one text', () => {
  const one = { b: [1, { y: null, x: 'é' }], a: undefined, c: {} }
  const other = { c: {}, b: [1, { x: 'é', y: null }] }

  expect(toCanonicalJSON(one, 8)).toBe(toCanonicalJSON(other, 8))
  expect(JSON.parse(toCanonicalJSON(one, 8) ?? '')).toEqual(other)
})

test('values that differ have two texts', () => {
  expect(toCanonicalJSON({ a: [1, 2] }, 8)).not.toBe(toCanonicalJSON({ a: [2, 1] }, 8))
  expect(toCanonicalJSON({ a: 1 }, 8)).not.toBe(toCanonicalJSON({ a: '1' }, 8))
})

test('a value that is nested too deep has none', () => {
  expect(toCanonicalJSON({ a: { b: {} } }, 3)).toBeDefined()
  expect(toCanonicalJSON({ a: { b: {} } }, 2)).toBeUndefined()
  expect(toCanonicalJSON([[[]]], 2)).toBeUndefined()
})
