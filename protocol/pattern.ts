/**
 * Patterns: `*` stands for any run of characters, also none; every other character for itself.
 * Linear in the text's length and the pattern's, whatever they are: both may be a stranger's.
 */

const ANY = '*'

export function matchesPattern(pattern: string, text: string): boolean {
  const first = pattern.indexOf(ANY)
  if (first === -1) return pattern === text
  const last = pattern.lastIndexOf(ANY)
  const suffix = pattern.slice(last + 1)
  const end = text.length - suffix.length
  if (first > end || !text.startsWith(pattern.slice(0, first)) || !text.endsWith(suffix))
    return false
  let from = first
  // The earliest place of each part leaves the most room for those that follow.
  for (const part of pattern.slice(first, last).split(ANY)) {
    const at = indexOfPart(text, part, from, end)
    if (at === -1) return false
    from = at + part.length
  }
  return true
}

export function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, text))
}

/** Whether it matches any text. */
export function isEverything(pattern: string): boolean {
  return /^\*+$/.test(pattern)
}

/**
 * Whether `wide` matches all that `narrow` matches. An asterisk of `narrow` may stand for anything,
 * and only an asterisk of `wide` matches that, so `narrow` itself is the text that decides.
 */
export function includesPattern(wide: string, narrow: string): boolean {
  return matchesPattern(wide, narrow)
}

/** Whether a text could match both. True when in doubt. */
export function mayOverlap(one: string, other: string): boolean {
  if (!one.includes(ANY)) return matchesPattern(other, one)
  if (!other.includes(ANY)) return matchesPattern(one, other)
  const [oneHead, otherHead] = [headOf(one), headOf(other)]
  if (!oneHead.startsWith(otherHead) && !otherHead.startsWith(oneHead)) return false
  const [oneTail, otherTail] = [tailOf(one), tailOf(other)]
  return oneTail.endsWith(otherTail) || otherTail.endsWith(oneTail)
}

function headOf(pattern: string): string {
  return pattern.slice(0, pattern.indexOf(ANY))
}

function tailOf(pattern: string): string {
  return pattern.slice(pattern.lastIndexOf(ANY) + 1)
}

/** Knuth, Morris and Pratt: `indexOf` takes time in proportion to the product of the lengths. */
export function indexOfPart(text: string, part: string, from: number, end: number): number {
  if (part === '') return from
  if (end - from < part.length) return -1
  const borders = bordersOf(part)
  let matched = 0
  for (let at = from; at < end; at++) {
    const unit = text.charCodeAt(at)
    while (matched > 0 && part.charCodeAt(matched) !== unit) matched = borders[matched - 1] ?? 0
    if (part.charCodeAt(matched) === unit) matched++
    if (matched === part.length) return at + 1 - part.length
  }
  return -1
}

/** For each beginning of `part`, the length of its longest proper beginning that is also its end. */
function bordersOf(part: string): number[] {
  const borders = [0]
  let length = 0
  for (let at = 1; at < part.length; at++) {
    const unit = part.charCodeAt(at)
    while (length > 0 && part.charCodeAt(length) !== unit) length = borders[length - 1] ?? 0
    if (part.charCodeAt(length) === unit) length++
    borders.push(length)
  }
  return borders
}
