import { describe, expect, test } from 'vitest'
import { includesPattern, matchesPattern, mayOverlap } from '#protocol/pattern.ts'
import { createRandom } from '#test/support/random.ts'
import { cpuMs } from '#test/support/cpu-time.ts'

const SEED = 20261121
const ROUNDS = 20_000

/** Few letters, so that chance finds what is equal, periodic, and nearly so. */
function randomText(random: () => number, letters: string, longest: number): string {
  const length = Math.floor(random() * (longest + 1))
  return Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join('')
}

/** Another way to say the same: positions of the pattern that can have been reached, one by one. */
function matchesByStates(pattern: string, text: string): boolean {
  const skip = (states: Set<number>): Set<number> => {
    for (const at of states) if (pattern[at] === '*') states.add(at + 1)
    return states
  }
  let states = skip(new Set([0]))
  for (const unit of text) {
    const next = new Set<number>()
    for (const at of states) {
      if (pattern[at] === '*') next.add(at)
      else if (pattern[at] === unit) next.add(at + 1)
    }
    states = skip(next)
  }
  return states.has(pattern.length)
}

describe('a pattern', () => {
  test.each([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything/at\nall', true],
    ['echo', 'echo', true],
    ['echo', 'Echo', false],
    ['echo', 'echoes', false],
    ['read_*', 'read_file', true],
    ['read_*', 'read_', true],
    ['read_*', 'reread_file', false],
    ['*_file', 'read_file', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*ab*ab*', 'abab', true],
    ['*ab*ab*', 'aba', false],
    ['a**b', 'ab', true],
    ['file:///pub/*', 'file:///pub/a/b.txt', true],
    ['a.c', 'abc', false],
    ['a?c', 'abc', false],
    ['[a]', 'a', false],
    ['*', '*', true],
    ['a*', 'a*', true],
  ])('%j matches %j: %s', (pattern, text, isMatch) => {
    expect(matchesPattern(pattern, text)).toBe(isMatch)
  })

  test(`matches as an independent matcher says (seed ${SEED})`, () => {
    const random = createRandom(SEED)
    for (let round = 0; round < ROUNDS; round++) {
      const pattern = randomText(random, 'ab*', 9)
      const text = randomText(random, 'ab', 12)
      expect([pattern, text, matchesPattern(pattern, text)]).toEqual([
        ...[pattern, text],
        matchesByStates(pattern, text),
      ])
    }
  })

  test('takes time by the length of the text, however periodic both are', () => {
    const part = `${'a'.repeat(250)}b${'a'.repeat(250)}`
    const timeOf = (length: number): number => {
      const text = 'a'.repeat(length)
      const begun = cpuMs()
      expect(matchesPattern(`*${part}*`, text)).toBe(false)
      return cpuMs() - begun
    }
    timeOf(100_000)
    const once = Math.max(timeOf(400_000), 1)

    // A matcher in proportion to the product of the lengths takes 500 times as long as one by one.
    expect(once).toBeLessThan(400)
    expect(timeOf(1_600_000) / once).toBeLessThan(40)
  })
})

describe('of two patterns', () => {
  test.each([
    ['*', 'a*b', true],
    ['a*', 'a*b', true],
    ['a*b', 'a*', false],
    ['a*b', 'a*b', true],
    ['a*', 'ab', true],
    ['ab', 'a*', false],
    ['*a*', '*a', true],
    ['*a', '*a*', false],
  ])('%j includes %j: %s', (wide, narrow, isIncluded) => {
    expect(includesPattern(wide, narrow)).toBe(isIncluded)
  })

  test(`the wide one matches all that the narrow one does, and what overlaps is known to (seed ${SEED})`, () => {
    const random = createRandom(SEED)
    let included = 0
    let apart = 0
    for (let round = 0; round < ROUNDS; round++) {
      const [one, other] = [randomText(random, 'ab*', 5), randomText(random, 'ab*', 5)]
      const text = randomText(random, 'ab', 6)
      const [byOne, byOther] = [matchesPattern(one, text), matchesPattern(other, text)]
      if (includesPattern(one, other)) {
        included++
        expect([one, other, text, byOther && !byOne]).toEqual([one, other, text, false])
      }
      if (!mayOverlap(one, other)) {
        apart++
        expect([one, other, text, byOne && byOther]).toEqual([one, other, text, false])
      }
    }
    expect(Math.min(included, apart)).toBeGreaterThan(100)
  })
})
