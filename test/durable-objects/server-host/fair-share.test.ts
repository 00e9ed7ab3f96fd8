import { expect, test } from 'vitest'
import {
  oldestOfGreediest,
  oldestOfGreedier,
} from '#durable-objects/server-host/call/fair-share.ts'

const ownerOf = (item: string): string => item.charAt(0)

test('the oldest of whoever has most gives way, of equals that of the oldest', () => {
  expect(oldestOfGreediest(['a1', 'b1', 'b2', 'a2', 'b3'], ownerOf)).toBe('b1')
  expect(oldestOfGreediest(['a1', 'b1'], ownerOf)).toBe('a1')
  expect(oldestOfGreediest([], ownerOf)).toBeUndefined()
})

test('nobody gives way to one that would then have as much', () => {
  expect(oldestOfGreedier(['a1', 'a2', 'b1'], ownerOf, 'c')).toBe('a1')
  expect(oldestOfGreedier(['a1', 'a2', 'b1'], ownerOf, 'b')).toBeUndefined()
  expect(oldestOfGreedier(['a1', 'a2'], ownerOf, 'a')).toBeUndefined()
  expect(oldestOfGreedier(['a1', 'b1'], ownerOf, 'c')).toBeUndefined()
})

test('who takes all ends with an equal share, however many come after it', () => {
  let items = Array.from({ length: 12 }, (_, n) => `a${n}`)
  for (let n = 0; n < 40; n++) {
    const owner = 'bcd'.charAt(n % 3)
    const gone = oldestOfGreedier(items, ownerOf, owner)
    if (gone !== undefined) items = [...items.filter((item) => item !== gone), `${owner}${n}`]
  }

  const counts = [...'abcd'].map((owner) => items.filter((item) => ownerOf(item) === owner).length)
  expect(counts.toSorted()).toEqual([3, 3, 3, 3])
})
