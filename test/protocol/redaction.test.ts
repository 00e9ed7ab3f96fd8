import { describe, expect, test } from 'vitest'
import { createRedactor, REDACTED } from '#protocol/redaction.ts'
import { cpuMs } from '#test/support/cpu-time.ts'

const VALUE = 'p@ss "w0rd"/ü+&=\\ 9c4f'
const LATIN = Buffer.from(VALUE)
const PEM = `-----BEGIN KEY-----\n${'Ab3/'.repeat(16)}\n${'Zz9+'.repeat(16)}\n-----END KEY-----\n`

interface Printed {
  how: string
  text: string
}

const FORMS: Printed[] = [
  { how: 'as it is', text: VALUE },
  { how: 'twice', text: `${VALUE}${VALUE}` },
  { how: 'in JSON', text: JSON.stringify({ token: VALUE }) },
  { how: 'in JSON of ASCII', text: JSON.stringify(VALUE).replace('ü', '\\u00fc') },
  { how: 'in a URL', text: encodeURIComponent(VALUE) },
  { how: 'in a URL, with lowercase digits', text: encodeURIComponent(VALUE).replace('%2F', '%2f') },
  { how: 'in a form', text: encodeURIComponent(VALUE).replaceAll('%20', '+') },
  { how: 'in base64', text: LATIN.toString('base64') },
  { how: 'in URL-safe base64', text: LATIN.toString('base64url') },
  { how: 'in hex', text: LATIN.toString('hex') },
  { how: 'in capital hex', text: LATIN.toString('hex').toUpperCase() },
]

describe('a value does not show', () => {
  test.each(FORMS)('$how', ({ text }) => {
    const shown = createRedactor(['other value', VALUE])(`before ${text} after`)

    expect(shown).toMatch(/^before .*\[redacted\].* after$/)
    expect(readAll(shown)).not.toContain('w0rd')
  })

  test.each([0, 1, 2, 3])('in base64, with %i bytes before it and some after it', (before) => {
    const basic = Buffer.from(`${'u'.repeat(before)}${VALUE}:more`).toString('base64')

    const shown = createRedactor([VALUE])(`Authorization: Basic ${basic}`)

    expect(shown).toContain(REDACTED)
    expect(Buffer.from(shown.split(' ').at(-1) ?? '', 'base64').toString()).not.toContain('w0rd')
  })

  test('line by line', () => {
    const redact = createRedactor([PEM])

    const shown = PEM.split('\n').map((line) => redact(`key: ${line}`))

    expect(shown.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => `key: ${REDACTED}`))
  })

  test('when its text was cut in its middle, as short as what is left may be', () => {
    const redact = createRedactor([VALUE])

    for (let length = 4; length < VALUE.length; length++) {
      expect(redact(`cut ${VALUE.slice(0, length)}`, true)).toBe(`cut ${REDACTED}`)
    }
    const split = `${'x'.repeat(20)}${VALUE.slice(0, 10)}\uFFFD`
    expect(redact(split, true)).toBe(`${'x'.repeat(20)}${REDACTED}`)
  })

  test('when a longer one begins as it does', () => {
    const redact = createRedactor(['token', 'token-of-another-kind-0123456789', 'token-of-another'])

    expect(redact('token-of-another-kind-0123456789!')).toBe(`${REDACTED}!`)
    expect(redact('token-of-another-kind-9!')).toBe(`${REDACTED}9!`)
    expect(redact('tokens')).toBe(`${REDACTED}s`)
  })
})

test('values of less than 4 characters stay: they are ordinary words', () => {
  expect(createRedactor(['abc', ''])('abc abc')).toBe('abc abc')
  expect(createRedactor(['abcd'])('abcd abc')).toBe(`${REDACTED} abc`)
})

test('characters of expressions are characters', () => {
  const value = 'a.*b[c](d)|e{f}^$+?\\-/'

  expect(createRedactor([value])(`x${value}y a.xb`)).toBe(`x${REDACTED}y a.xb`)
})

test('no secret of many shows, and reading a line stays a matter of milliseconds', () => {
  const values = Array.from({ length: 300 }, (_, n) => `aaaaaaaaaaaaaaaa${n}`.padEnd(200, 'a'))
  const redact = createRedactor(values)
  const line = 'a'.repeat(8 * 1024)
  redact(line)

  const startedAt = cpuMs()
  for (let n = 0; n < 20; n++) redact(line)
  const lineMs = (cpuMs() - startedAt) / 20

  expect(values.map((value) => redact(value))).toEqual(values.map(() => REDACTED))
  expect(lineMs).toBeLessThan(50)
})

/** What a reader could make of a text. */
function readAll(text: string): string {
  const words = text.split(/[^A-Za-z0-9+/_-]+/)
  const decoded = words.flatMap((word) => [
    Buffer.from(word, 'base64').toString(),
    Buffer.from(word, 'hex').toString(),
  ])
  return [text, ...decoded].join('\n')
}
