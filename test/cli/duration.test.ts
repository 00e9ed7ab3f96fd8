import { expect, test } from 'vitest'
import { parseDuration, parseSpan } from '#cli/duration.ts'

test.each([
  ['250ms', 250],
  ['0s', 0],
  ['90s', 90_000],
  ['15m', 900_000],
  ['24h', 86_400_000],
  ['30d', 2_592_000_000],
])('%s is %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '15', 'm', '-1h', '1.5h', '1h30m', '1 h', '1H', '1w', '9999999d', '1e3s', '١d'])(
  '%j is no duration',
  (text) => {
    expect(() => parseDuration(text)).toThrow(/15m, 24h or 30d/)
  },
)

test('a span is more than nothing', () => {
  expect(parseSpan('1ms')).toBe(1)
  expect(() => parseSpan('0d')).toThrow(/more than 0/)
})
