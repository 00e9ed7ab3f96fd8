/**
 * Globs: `*` is any run of characters, also none, `/` included; `?` one character (a UTF-16 unit);
 * `{a,b}` either; `\` before a character takes it for itself. What other glob libraries read as more
 * (classes, ranges, `!`, `@(…)`) is refused. Whatever is a tenant's pattern and a stranger's name,
 * matching is linear in both: nothing here is a regular expression, which would backtrack.
 */
import { indexOfPart } from './pattern.ts'

export const MAX_GLOB_CHARS = 512
/** What `{a,b}{c,d}…` may stand for. */
const MAX_ALTERNATIVES = 64
const MAX_NESTING = 8
/** Of what stands between two asterisks and has a `?`: its states are the bits of one number. */
const MAX_LOOSE_CHARS = 31

/** Stands for `?` among the units of a part. */
const ONE = -1
type Sign = number | 'any'

/** What stands between two asterisks, or before the first or behind the last of them. */
interface Part {
  units: readonly number[]
  /** Where no `?` is in it. */
  text?: string
  /** By unit the places where it may stand, as bits; where one is in it. */
  places?: ReadonlyMap<number, number>
}

type Alternative = readonly Part[]

/** A glob that was read. */
export type Glob = readonly Alternative[]

/** `problem`: what is wrong with it, for whoever wrote it. */
export type GlobReading = { glob: Glob } | { problem: string }

export function readGlob(text: string): GlobReading {
  if (text.length > MAX_GLOB_CHARS) return { problem: `at most ${MAX_GLOB_CHARS} characters` }
  try {
    const alternatives = new Reader(text).read()
    return { glob: alternatives.map(toParts) }
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message }
    throw error
  }
}

export function matchesGlob(glob: Glob, text: string): boolean {
  return glob.some((alternative) => matches(alternative, text))
}

function matches(parts: Alternative, text: string): boolean {
  const [first, last] = [parts[0], parts.at(-1)]
  if (first === undefined || last === undefined) return false
  if (parts.length === 1) return text.length === first.units.length && isAt(first, text, 0)
  const end = text.length - last.units.length
  if (end < first.units.length || !isAt(first, text, 0) || !isAt(last, text, end)) return false
  let from = first.units.length
  // The earliest place of each part leaves the most room for those that follow.
  for (let index = 1; index < parts.length - 1; index++) {
    const part = parts[index]
    if (part === undefined) return false
    const at = indexOf(part, text, from, end)
    if (at === -1) return false
    from = at + part.units.length
  }
  return true
}

function isAt({ text, units }: Part, whole: string, at: number): boolean {
  if (text !== undefined) return whole.startsWith(text, at)
  return units.every((unit, index) => unit === ONE || whole.charCodeAt(at + index) === unit)
}

function indexOf(part: Part, whole: string, from: number, end: number): number {
  const { text, units, places } = part
  if (text !== undefined || places === undefined) return indexOfPart(whole, text ?? '', from, end)
  // Shift-And: bit n is set while the last n + 1 units are the beginning of the part.
  const free = places.get(ONE) ?? 0
  const whenFound = 1 << (units.length - 1)
  let state = 0
  for (let at = from; at < end; at++) {
    state = ((state << 1) | 1) & (places.get(whole.charCodeAt(at)) ?? free)
    if ((state & whenFound) !== 0) return at + 1 - units.length
  }
  return -1
}

function toParts(signs: readonly Sign[]): Part[] {
  const runs: number[][] = [[]]
  for (const sign of signs) {
    if (sign === 'any') runs.push([])
    else runs.at(-1)?.push(sign)
  }
  return runs
    .filter((units, index) => units.length > 0 || index === 0 || index === runs.length - 1)
    .map((units, index, { length }) => toPart(units, index > 0 && index < length - 1))
}

function toPart(units: number[], isInner: boolean): Part {
  if (!units.includes(ONE)) return { units, text: String.fromCharCode(...units) }
  if (!isInner) return { units }
  if (units.length > MAX_LOOSE_CHARS) {
    throw new Unreadable(
      `between two * at most ${MAX_LOOSE_CHARS} characters where one of them is ?`,
    )
  }
  const free = units.reduce((bits, unit, index) => (unit === ONE ? bits | (1 << index) : bits), 0)
  const places = new Map([[ONE, free]])
  units.forEach((unit, index) => {
    if (unit !== ONE) places.set(unit, (places.get(unit) ?? free) | (1 << index))
  })
  return { units, places }
}

class Unreadable extends Error {}

/** One pass over the text; braces are multiplied out. */
class Reader {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): Sign[][] {
    if (this.#text === '') throw new Unreadable('must not be empty')
    if (this.#text.startsWith('!')) throw new Unreadable('! excludes nothing here: write \\!')
    const whole = this.#sequence()
    if (this.#at < this.#text.length)
      throw new Unreadable('} without {: write \\} for the character')
    return whole
  }

  /** Up to the end, or to the `,` or `}` of the braces that it stands in. */
  #sequence(): Sign[][] {
    let all: Sign[][] = [[]]
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? ''
      if (char === '}' || (char === ',' && this.#depth > 0)) break
      this.#at++
      if (char === '{') all = multiply(all, this.#braces())
      else append(all, this.#sign(char))
    }
    return all
  }

  #braces(): Sign[][] {
    if (++this.#depth > MAX_NESTING) throw new Unreadable(`at most ${MAX_NESTING} { in another`)
    const start = this.#at
    const choices: Sign[][] = []
    let count = 0
    do {
      choices.push(...this.#sequence())
      if (choices.length > MAX_ALTERNATIVES) throw tooMany()
      count++
    } while (this.#text[this.#at++] === ',')
    if (this.#text[this.#at - 1] !== '}')
      throw new Unreadable('{ without }: write \\{ for the character')
    this.#depth--
    if (count > 1) return choices
    if (/\.\./.test(this.#text.slice(start, this.#at)))
      throw new Unreadable('a range like {1..3} is not known')
    // As in a shell, braces without a comma stand for themselves: {id}.
    return choices.map((signs) => [codeOf('{'), ...signs, codeOf('}')])
  }

  #sign(char: string): Sign {
    const next = this.#text[this.#at]
    if (next === '(' && '@!?*+'.includes(char))
      throw new Unreadable(`${char}( is not known: write ${char}\\(`)
    if (char === '*') return 'any'
    if (char === '?') return ONE
    if (char === '[' || char === ']')
      throw new Unreadable(`${char} begins no class here: write \\${char}`)
    if (char !== '\\') return codeOf(char)
    if (next === undefined) throw new Unreadable('ends with \\: write \\\\ for the character')
    this.#at++
    return codeOf(next)
  }
}

function append(all: Sign[][], sign: Sign): void {
  for (const signs of all) signs.push(sign)
}

function multiply(all: Sign[][], choices: Sign[][]): Sign[][] {
  if (all.length * choices.length > MAX_ALTERNATIVES) throw tooMany()
  return all.flatMap((head) => choices.map((tail) => [...head, ...tail]))
}

function tooMany(): Unreadable {
  return new Unreadable(`stands for more than ${MAX_ALTERNATIVES} patterns`)
}

function codeOf(char: string): number {
  return char.charCodeAt(0)
}
