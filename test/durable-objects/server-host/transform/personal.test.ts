import { describe, expect, test } from 'vitest'
import { createPersonalRedactor } from '#durable-objects/server-host/transform/redaction/personal.ts'
import { REDACTED } from '#protocol/redaction.ts'
import { PERSONAL_KINDS, type PersonalKind } from '#protocol/transform.ts'
import { cpuMs } from '#test/support/cpu-time.ts'

const redact = (kind: PersonalKind) => createPersonalRedactor([kind])

/** `gone`: what the whole text becomes, `#` in the place of what goes. */
const GONE: Record<PersonalKind, [string, string][]> = {
  email: [
    ['vesta@example.com', '#'],
    ['Write to vesta.hearth+mcp@mail.example.co.uk.', 'Write to #.'],
    ['<a_b%c@x-y.example>, b@c.de;', '<#>, #;'],
    ['mailto:ü.müller@bücher.example', 'mailto:#'],
    ['https://host/a/long/path?email=a@b.com', 'https://host/a/long/path?email=#'],
  ],
  phone: [
    ['+49 30 901820', '#'],
    ['call +1 (415) 555-2671 now', 'call # now'],
    ['0049 30 901820', '#'],
    ['(415) 555-2671 or 415-555-2671', '# or #'],
    ['tel:+442079460958', 'tel:#'],
  ],
  card: [
    ['4111111111111111', '#'],
    ['card 4111 1111 1111 1111 exp 12/26', 'card # exp 12/26'],
    ['4111 1111 1111 1111 12 26', '# 12 26'],
    ['12 4111-1111-1111-1111', '12 #'],
    ['5555555555554444, 378282246310005', '#, #'],
    ['3782 822463 10005', '#'],
    ['6011111111111117', '#'],
    ['3566002020360505', '#'],
    ['30569309025904', '#'],
    ['2223003122003222', '#'],
  ],
  iban: [
    ['DE89370400440532013000', '#'],
    ['DE89 3704 0044 0532 0130 00 IS IT', '# IS IT'],
    ['to GB29 NWBK 6016 1331 9268 19.', 'to #.'],
    ['fr1420041010050500013m02606', '#'],
    ['NO9386011117947', '#'],
  ],
}

const STAYS: Record<PersonalKind, string[]> = {
  email: ['@types/node', 'a @ b', 'user@localhost', '@vesta', 'npm i zod@4.6.7'],
  phone: [
    '2026-11-21T10:00:00+01:00',
    '1795260048202',
    'version 1.2.3',
    '192.168.1.100',
    '0001234567',
    '12-34',
  ],
  card: [
    '4111111111111112',
    '1234567890123456',
    '1795260048202',
    '0.4111111111111111',
    '41111111111111110000000',
  ],
  iban: ['DE00370400440532013000', 'DE12', 'AB12 CDEF', 'GB29NWBK60161331926818'],
}

describe.each(PERSONAL_KINDS)('%s', (kind) => {
  test.each(GONE[kind])('goes: %s', (text, gone) => {
    expect(redact(kind)(text)).toBe(gone.replaceAll('#', REDACTED))
  })

  test.each(STAYS[kind])('stays: %s', (text) => {
    expect(redact(kind)(text)).toBe(text)
  })
})

test('only the kinds that are asked for go', () => {
  const text = 'a@b.example +49 30 901820 4111111111111111 DE89370400440532013000'

  expect(createPersonalRedactor([])(text)).toBe(text)
  expect(createPersonalRedactor([...PERSONAL_KINDS])(text)).toBe(
    Array.from({ length: 4 }, () => REDACTED).join(' '),
  )
})

test('reads what was made to be slow in time', () => {
  const attacks = ['a', 'a@', 'a.', '@a.', '1', '1 ', '+1', '11 ', 'DE11 ', 'a@a.a'].map((part) =>
    part.repeat(Math.ceil(300_000 / part.length)),
  )
  const begin = cpuMs()
  for (const attack of attacks) createPersonalRedactor([...PERSONAL_KINDS])(attack)

  expect(cpuMs() - begin).toBeLessThan(8_000)
})
