/** International bank account numbers: by country, length and checksum (ISO 13616). */
import { REDACTED } from '#protocol/redaction.ts'

/** Characters of an IBAN by country. */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  [
    ['NO', 15],
    ['BE', 16],
    ['DK FI FO GL NL FK SD', 18],
    ['MK SI', 19],
    ['AT BA EE KZ LT LU XK MN', 20],
    ['CH CR HR LI LV', 21],
    ['BG BH DE GB GE IE ME RS VA', 22],
    ['AE GI IL IQ OM SO TL', 23],
    ['AD CZ ES MD PK RO SA SE SK TN VG', 24],
    ['LY PT ST', 25],
    ['IS TR', 26],
    ['FR GR IT MC MR SM BI DJ', 27],
    ['AL AZ BY CY DO GT HN HU LB NI PL SV', 28],
    ['BR EG PS QA UA', 29],
    ['JO KW MU YE', 30],
    ['MT SC', 31],
    ['LC', 32],
    ['RU', 33],
  ].flatMap(([countries, length]) =>
    String(countries)
      .split(' ')
      .map((country): [string, number] => [country, Number(length)]),
  ),
)
const LONGEST = 34
const HEAD = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])/g

export function redactIBANs(text: string): string {
  let shown = ''
  let at = 0
  for (const { index } of text.matchAll(HEAD)) {
    if (index < at) continue
    const end = endOf(text, index)
    if (end === undefined) continue
    shown += text.slice(at, index) + REDACTED
    at = end
  }
  return at === 0 ? text : shown + text.slice(at)
}

/** Where the IBAN that begins there ends. */
function endOf(text: string, start: number): number | undefined {
  const length = LENGTHS.get(text.slice(start, start + 2).toUpperCase())
  if (length === undefined) return undefined
  let iban = ''
  for (let at = start; at < Math.min(text.length, start + 2 * LONGEST); at++) {
    const char = text[at] ?? ''
    if (/[A-Za-z0-9]/.test(char)) iban += char.toUpperCase()
    else if (char !== ' ' && char !== '-') return undefined
    if (iban.length < length) continue
    const isWhole = !/[A-Za-z0-9]/.test(text[at + 1] ?? '')
    return isWhole && hasChecksum(iban) ? at + 1 : undefined
  }
  return undefined
}

/** ISO 7064, MOD 97-10: letters are two digits, `A` 10. */
function hasChecksum(iban: string): boolean {
  let rest = 0
  for (const char of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(char, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}
