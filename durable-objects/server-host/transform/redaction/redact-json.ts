/** Finds what a redaction changes in one value of a JSON text, without parsing the rest. Pure. */
import { isObjectAt, readKey, skipSpace, skipValue, walkMembers } from '#protocol/json-scan.ts'
import { readValue, splice, type Edit, type Span } from '#protocol/json-splice.ts'
import { REDACTED } from '#protocol/redaction.ts'
import type { Redactor } from './redactor.ts'

/** Deeper values are refused, not passed on unread. */
const MAX_REDACTED_DEPTH = 256
/** Shorter numbers are no card's. */
const MIN_NUMBER_DIGITS = 13

const ARRAY = 0x5b
const ARRAY_END = 0x5d
const QUOTE = 0x22
const COMMA = 0x2c
const encoder = new TextEncoder()

/** Adds the edits of the value at `start`, all texts in it and all names. Returns where it ends. */
export function redactValue(
  json: Uint8Array,
  start: number,
  redactor: Redactor,
  edits: Edit[],
  depth = 0,
): number {
  if (depth > MAX_REDACTED_DEPTH) throw new RangeError('a value is nested too deeply')
  if (isObjectAt(json, start)) return redactObject(json, start, redactor, edits, depth)
  if (json[start] === ARRAY) {
    let at = skipSpace(json, start + 1)
    while (at < json.length && json[at] !== ARRAY_END) {
      at = skipSpace(json, redactValue(json, at, redactor, edits, depth + 1))
      if (json[at] === COMMA) at = skipSpace(json, at + 1)
    }
    return at + 1
  }
  const end = skipValue(json, start)
  if (end === start) throw new RangeError('the JSON text has no value where one is due')
  if (json[start] === QUOTE) redactText(json, { start, end }, redactor, edits)
  else redactNumber(json, { start, end }, redactor, edits)
  return end
}

/** A text that is JSON itself is looked through as such: its fields, and what is written with escapes. */
export function redactText(json: Uint8Array, span: Span, redactor: Redactor, edits: Edit[]): void {
  const value = readValue(json, span)
  if (typeof value !== 'string') return
  const plain = redactInner(value, redactor)
  if (plain !== value) edits.push({ span, text: JSON.stringify(plain) })
}

function redactInner(value: string, redactor: Redactor): string {
  const inner = redactor.hasFields || value.includes('\\') ? readInner(value) : undefined
  if (inner === undefined) return redactor.text(value)
  const edits: Edit[] = []
  redactValue(inner, skipSpace(inner, 0), redactor, edits)
  const open = edits.length === 0 ? value : decoder.decode(splice(inner, edits))
  // Once more as text: what the quotes of JSON separate may be one secret to a reader.
  return redactor.text(open)
}

const decoder = new TextDecoder()

function readInner(text: string): Uint8Array | undefined {
  if (!/^\s{0,64}[{[]/.test(text)) return undefined
  try {
    JSON.parse(text)
    return encoder.encode(text)
  } catch {
    return undefined // a text like any other
  }
}

function redactObject(
  json: Uint8Array,
  start: number,
  redactor: Redactor,
  edits: Edit[],
  depth: number,
): number {
  return walkMembers(json, start, (keyStart, keyEnd, at) => {
    const key = readKey(json, keyStart, keyEnd)
    const shown = redactor.text(key)
    if (shown !== key) {
      edits.push({ span: { start: keyStart, end: keyEnd }, text: JSON.stringify(shown) })
    }
    if (!redactor.isField(key)) return redactValue(json, at, redactor, edits, depth + 1)
    const end = skipValue(json, at)
    edits.push({ span: { start: at, end }, text: replacementOf(json, at, redactor) })
    return end
  })
}

function replacementOf(json: Uint8Array, at: number, { keepTypes }: Redactor): string {
  const first = String.fromCharCode(json[at] ?? 0)
  if (keepTypes && first === '{') return '{}'
  if (keepTypes && first === '[') return '[]'
  if (keepTypes && (first === 't' || first === 'f')) return 'false'
  if (first === 'n') return 'null'
  if (keepTypes && first !== '"') return '0'
  return JSON.stringify(REDACTED)
}

function redactNumber(json: Uint8Array, span: Span, redactor: Redactor, edits: Edit[]): void {
  if (span.end - span.start < MIN_NUMBER_DIGITS) return
  const text = decoder.decode(json.subarray(span.start, span.end))
  if (redactor.text(text) === text) return
  edits.push({ span, text: redactor.keepTypes ? '0' : JSON.stringify(REDACTED) })
}
