/** Numbers of payment cards: by their beginning, their length and their check digit (ISO/IEC 7812-1, Luhn). */
import { REDACTED } from '#protocol/redaction.ts'

const MIN_DIGITS = 13
const MOST_DIGITS = 19

/** Groups of digits with a space or a hyphen between them. */
const RUN = /(?<![\d.])\d{1,64}(?:[ -]\d{1,64}){0,63}(?!\d)/g

/** What issuers begin with, and how long their numbers are. */
const ISSUERS: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^3(?:0[0-5]|[689])/, [14, 16, 19]],
  [/^(?:6011|64[4-9]|65|62|81)/, [16, 17, 18, 19]],
  [/^35(?:2[89]|[3-8])/, [16, 17, 18, 19]],
  [/^(?:5[06-9]|6)/, [13, 14, 15, 16, 17, 18, 19]],
]

export function redactCards(text: string): string {
  return text.replace(RUN, (run) => (countDigits(run) < MIN_DIGITS ? run : redactRun(run)))
}

/** A card may begin and end with any group of a run: what stands beside it may be a date. */
function redactRun(run: string): string {
  const groups = run.split(/[ -]/)
  let shown = ''
  let at = 0
  for (let first = 0; first < groups.length;) {
    const count = countGroups(groups, first)
    const start = at
    for (let group = first; group < first + Math.max(count, 1); group++) {
      at += (groups[group]?.length ?? 0) + 1
    }
    const separator = run.slice(at - 1, at)
    shown += count === 0 ? run.slice(start, at) : REDACTED + separator
    first += Math.max(count, 1)
  }
  return shown
}

/** Groups from `first` on that are a card's number together; 0: none. */
function countGroups(groups: readonly string[], first: number): number {
  let digits = ''
  for (let last = first; last < groups.length; last++) {
    digits += groups[last] ?? ''
    if (digits.length > MOST_DIGITS) return 0
    if (isCard(digits)) return last - first + 1
  }
  return 0
}

function isCard(digits: string): boolean {
  if (digits.length < MIN_DIGITS) return false
  const isIssued = ISSUERS.some(
    ([head, lengths]) => lengths.includes(digits.length) && head.test(digits),
  )
  return isIssued && hasCheckDigit(digits)
}

function hasCheckDigit(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48
    const doubled = digit * 2
    sum += index % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

function countDigits(text: string): number {
  let count = 0
  for (const char of text) if (char !== ' ' && char !== '-') count++
  return count
}
