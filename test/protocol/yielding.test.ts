import { expect, test } from 'vitest'
import { EVERYONE, findYielding, type Owner } from '#protocol/yielding.ts'

/** `a1` is one of a's, `-1` nobody's. */
const ownerOf = (item: string): Owner => (item.startsWith('-') ? undefined : item.charAt(0))

const yielding = (taker: Owner, idle: string[], busy: string[] = []): string | undefined =>
  findYielding(idle, ownerOf, [...idle, ...busy].map(ownerOf), taker)

test('the longest idle of whoever has most gives way', () => {
  expect(yielding('c', ['b1', 'a1', 'a2'])).toBe('a1')
  expect(yielding('c', ['b1', 'a1'])).toBe('b1')
  expect(yielding('c', ['b1', 'a1'], ['a2'])).toBe('a1')
  expect(yielding('c', [])).toBeUndefined()
})

test('nobody loses one to an owner that has as many, which gives up its own', () => {
  expect(yielding('a', ['b1', 'b2', 'a1', 'a2'])).toBe('a1')
  expect(yielding('a', ['b1', 'b2'], ['a1', 'a2'])).toBeUndefined()
  expect(yielding('a', ['b1', 'b2', 'b3'], ['a1', 'a2'])).toBe('b1')
  expect(yielding('a', ['b1', 'a1'], ['c1', 'c2', 'c3'])).toBe('a1')
})

test('that of nobody gives way first, and one for nobody takes only from who has most', () => {
  expect(yielding('a', ['b1', 'b2', 'b3', '-1'])).toBe('-1')
  expect(yielding(undefined, ['b1', 'a1', 'a2'])).toBe('a1')
  expect(yielding(undefined, ['b1'], ['a1', 'a2'])).toBeUndefined()
  expect(yielding(undefined, ['a1', '-1', '-2'])).toBe('-1')
})

test('where nobody’s are told, the longest idle of all gives way', () => {
  expect(yielding(undefined, ['-2', '-1', '-3'])).toBe('-2')
})

test('what everyone uses counts as the one owner that everyone is', () => {
  expect(findYielding([EVERYONE, 'a'], (one) => one, [EVERYONE, 'a'], 'a')).toBe('a')
  expect(findYielding([EVERYONE, 'a'], (one) => one, [EVERYONE, EVERYONE, 'a'], 'a')).toBe(EVERYONE)
})

test('who opens one after the other takes no more than an equal share', () => {
  let items = ['b1', 'b2', 'b3', 'b4', 'c1', 'c2']
  for (let n = 1; n <= 20; n++) {
    const gone = yielding('a', items)
    if (gone !== undefined) items = [...items.filter((item) => item !== gone), `a${n}`]
  }
  const counts = [...'abc'].map((owner) => items.filter((item) => ownerOf(item) === owner).length)

  expect(counts).toEqual([2, 2, 2])
})
