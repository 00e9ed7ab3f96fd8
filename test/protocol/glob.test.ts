/** Globs as glob libraries define them, in linear time whatever stands in them. */
import picomatch from 'picomatch'
import { describe, expect, test } from 'vitest'
import { matchesGlob, MAX_GLOB_CHARS, readGlob } from '#protocol/glob.ts'
import { createRandom } from '#test/support/random.ts'
import { cpuMs } from '#test/support/cpu-time.ts'

const matches = (pattern: string, text: string): boolean => {
  const reading = readGlob(pattern)
  if ('problem' in reading) throw new Error(`${pattern}: ${reading.problem}`)
  return matchesGlob(reading.glob, text)
}

const CASES: [pattern: string, text: string, isMatch: boolean][] = [
  ['github__search', 'github__search', true],
  ['github__search', 'github__searches', false],
  ['github__search', 'a_github__search', false],
  ['github__*', 'github__search_code', true],
  ['github__*', 'github__', true],
  ['github__*', 'gitlab__search', false],
  ['*__search_*', 'github__search_code', true],
  ['*', '', true],
  ['*', 'a/b', true],
  ['**', 'a/b', true],
  ['file:///*', 'file:///etc/hosts', true],
  ['file:///*.md', 'file:///a/b/c.md', true],
  ['file:///*.md', 'file:///a/b/c.txt', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['a?c', 'a/c', true],
  ['a?c', 'abbc', false],
  ['?', '', false],
  ['*?', 'x', true],
  ['*?', '', false],
  ['*a?c*', 'xxabcxx', true],
  ['*a?c*', 'xxabxcx', false],
  ['*?b?*d', 'abcxd', true],
  ['*?b?*d', 'bcxd', false],
  ['{github,gitlab}__*', 'gitlab__x', true],
  ['{github,gitlab}__*', 'gitea__x', false],
  ['a{,b}c', 'ac', true],
  ['a{,b}c', 'abc', true],
  ['a{b,c{d,e}}f', 'acef', true],
  ['a{b,c{d,e}}f', 'acf', false],
  ['{a,b}{c,d}', 'bd', true],
  ['{*a,b?}', 'xxa', true],
  ['{*a,b?}', 'bz', true],
  ['x://{id}', 'x://{id}', true],
  ['x://{id}', 'x://id', false],
  ['a,b', 'a,b', true],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['a\\?b', 'a?b', true],
  ['a\\{b,c\\}', 'a{b,c}', true],
  ['{a\\,b,c}', 'a,b', true],
  ['a.c', 'abc', false],
  ['a+', 'aa', false],
  ['(a)', '(a)', true],
  ['$^', '$^', true],
  ['.*', '.hidden', true],
  ['*', '.hidden', true],
]

test.each(CASES)('%j and %j: %s', (pattern, text, isMatch) => {
  expect(matches(pattern, text)).toBe(isMatch)
})

test.each([
  ['', 'must not be empty'],
  ['!a', '! excludes nothing here: write \\!'],
  ['a{b', '{ without }: write \\{ for the character'],
  ['a}b', '} without {: write \\} for the character'],
  ['{1..3}', 'a range like {1..3} is not known'],
  ['[ab]', '[ begins no class here: write \\['],
  ['a]', '] begins no class here: write \\]'],
  ['@(a|b)', '@( is not known: write @\\('],
  ['*(a)', '*( is not known: write *\\('],
  ['a\\', 'ends with \\: write \\\\ for the character'],
  ['{a,b}'.repeat(7), 'stands for more than 64 patterns'],
  [`{${'a,'.repeat(64)}a}`, 'stands for more than 64 patterns'],
  [`${'{a,'.repeat(9)}b${'}'.repeat(9)}`, 'at most 8 { in another'],
  [`*${'a'.repeat(31)}?*`, 'between two * at most 31 characters where one of them is ?'],
  ['a'.repeat(MAX_GLOB_CHARS + 1), 'at most 512 characters'],
])('%j is refused: %s', (pattern, problem) => {
  expect(readGlob(pattern)).toEqual({ problem })
})

test('what picomatch says of the same pattern and name, our globs say, too', () => {
  const random = createRandom(20_261_121)
  const pick = (from: string): string => from[Math.floor(random() * from.length)] ?? ''
  const text = (from: string, most: number): string =>
    Array.from({ length: Math.floor(random() * most) }, () => pick(from)).join('')
  // picomatch lets `?` and `*` stand for no slash, and `*` at a beginning for no empty name.
  const piece = (): string => (random() < 0.2 ? `{${text('ab*', 3)}c,${text('ab?', 3)}b}` : '')
  const options = { bash: true, dot: true, noextglob: true, nobracket: true, nonegate: true }
  let compared = 0
  let matching = 0
  for (let round = 0; round < 20_000; round++) {
    const pattern = `${text('aab', 3)}${text('ab*?', 4)}${piece()}${text('ab*?', 3)}a`
    const name = `${text('abc', 8)}a`
    const ours = matches(pattern, name)
    expect({ pattern, name, isMatch: ours }).toEqual({
      ...{ pattern, name, isMatch: picomatch(pattern, options)(name) },
    })
    compared++
    if (ours) matching++
  }
  expect(compared).toBe(20_000)
  expect(matching).toBeGreaterThan(1_000)
})

describe('patterns that a regular expression would take seconds or ages for', () => {
  const long = 'a'.repeat(8_192)
  const slow: [pattern: string, name: string][] = [
    ['*a*a*a*a*a*a*b', long],
    [`${'*a'.repeat(255)}b`, long],
    [`${'*aaaaaaaaaaaaaaaaaaaaaaaaaaa?'.repeat(8)}*b`, long],
    [`*${'a'.repeat(500)}b*`, long],
    [`*${'?'.repeat(30)}b*`, long],
    [`{${'*a*a*b,'.repeat(63)}c}`, long],
    ['{*a,*aa}{*a,*aa}{*a,*aa}{*a,*aa}{*a,*aa}{*a,*aa}b', long],
    [`${'?'.repeat(255)}*${'?'.repeat(255)}b`, long],
  ]

  test.each(slow)('%s', (pattern, name) => {
    const reading = readGlob(pattern)
    if ('problem' in reading) throw new Error(reading.problem)
    const times = Array.from({ length: 9 }, () => {
      const start = cpuMs()
      expect(matchesGlob(reading.glob, name)).toBe(false)
      return cpuMs() - start
    })

    // The median: another process may have had the processor.
    expect(times.toSorted((one, other) => one - other)[4]).toBeLessThan(5)
  })
})
