import { expect, test } from 'vitest'
import { BoundedMap } from '#protocol/bounded-map.ts'

const fill = (...keys: string[]): BoundedMap<string, number> => {
  const map = new BoundedMap<string, number>(2)
  keys.forEach((key, n) => map.set(key, n))
  return map
}

test('with more than it holds, the entry that was set longest ago leaves', () => {
  expect([...fill('a', 'b', 'c')]).toEqual([
    ['b', 1],
    ['c', 2],
  ])
})

test('what is set again counts as new, and takes no more room', () => {
  expect([...fill('a', 'b', 'a').keys()]).toEqual(['b', 'a'])
  expect([...fill('a', 'b', 'a', 'c').keys()]).toEqual(['a', 'c'])
})

test('what is read, or deleted, does not change whose turn it is', () => {
  const map = fill('a', 'b')
  map.get('a')
  map.set('c', 3)
  expect([...map.keys()]).toEqual(['b', 'c'])

  map.delete('b')
  map.set('d', 4)
  expect([...map.keys()]).toEqual(['c', 'd'])
})

test('a key that is undefined leaves, too', () => {
  const map = new BoundedMap<string | undefined, number>(1)
  map.set(undefined, 1).set('a', 2)

  expect([...map.keys()]).toEqual(['a'])
})
