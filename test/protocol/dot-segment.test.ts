import { expect, test } from 'vitest'
import { hasDotSegment } from '#protocol/dot-segment.ts'
import { cpuMs } from '#test/support/cpu-time.ts'

test.each([
  'file:///pub/../etc/passwd',
  'file:///pub/./a',
  'file:///pub/..',
  'file:///pub/.',
  '../a',
  'file:///pub/%2e%2e/a',
  'file:///pub/%2E./a',
  'file:///pub/..%2fa',
  'file:///pub/..%5Ca',
  'file:///pub\\..\\a',
  'file:///pub/%252e%252e/a',
  'file:///pub/%25252e%25252e/a',
  'file:///pub/%25%32%65%2e/a',
  'file:///pub/%2525252525252e/a',
  'x://get?path=../a',
  'x://get?path=..',
  'x://a/..;v=1/b',
])('%s may be resolved to another URI', (uri) => {
  expect(hasDotSegment(uri)).toBe(true)
})

test.each([
  'file:///pub/a.txt',
  'file:///pub/.hidden',
  'file:///pub/...',
  'file:///pub/a..b',
  'file:///pub/v1..v2/c',
  'git://repo/main..next',
  'test://a/100%',
  'file:///a%20b/%c3%a9.txt',
  'x://host.example/a',
  '',
])('%s is what it says', (uri) => {
  expect(hasDotSegment(uri)).toBe(false)
})

test.each([
  ['%25'.repeat(300_000), false],
  [`%${'25'.repeat(300_000)}`, true],
  ['%2e'.repeat(300_000), false],
  ['./'.repeat(300_000), true],
])('escapes take time by the length alone: %#', (text, isDotted) => {
  const begun = cpuMs()
  expect(hasDotSegment(`file:///${text}`)).toBe(isDotted)
  expect(cpuMs() - begun).toBeLessThan(2_000)
})
