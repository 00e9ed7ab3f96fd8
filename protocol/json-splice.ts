/**
 * Changes a JSON text in place of parsing it: what is not edited stays byte for byte, so numbers
 * keep their digits and unknown members their order. The text must be valid JSON (somebody parsed
 * it, or will); where it is not, the result is unspecified or a `RangeError`, never an endless loop.
 * Where a key occurs twice the last one counts, as for `JSON.parse`. That is why a search reads to
 * the end of the text: a second `id` after the first would otherwise pass unchanged.
 */

import {
  isKey,
  isKeyInAnyCase,
  isObjectAt,
  readKey,
  skipSpace,
  skipValue,
  walkElements,
  walkMembers,
} from './json-scan.ts'

/** Byte offsets of a value: `start` inclusive, `end` exclusive. */
export interface Span {
  start: number
  end: number
}

/** The span of a member's value, with its key and the offset of the key's opening quote. */
export interface Member extends Span {
  key: string
  keyStart: number
}

export interface Edit {
  span: Span
  /** JSON text, or punctuation that leaves JSON behind. */
  text: string
}

export type Path = readonly string[]

const encoder = new TextEncoder()
const decoder = new TextDecoder()

interface Wanted {
  key: string
  /** Place in the answer, or -1 where a path only leads through. */
  slot: number
  below: Wanted[]
}

/** What is noted where keys must be certain. */
interface Doubt {
  readonly seen: Set<Wanted>
  isAmbiguous: boolean
}

interface Search {
  wanted: readonly Wanted[]
  found: (Span | undefined)[]
  doubt: Doubt | undefined
}

/** One pass for all paths. `undefined` for a path that leads nowhere; paths go through objects only. */
export function findSpans(json: Uint8Array, paths: readonly Path[]): (Span | undefined)[] {
  return search(json, paths, undefined)
}

/**
 * The same pass, which also tells whether a key of these paths is there twice, or in other letters. Some
 * parsers take the first of two, and some take `Name` for `name`: what they read is something else.
 */
export function findCertain(
  json: Uint8Array,
  paths: readonly Path[],
): { spans: (Span | undefined)[]; isAmbiguous: boolean } {
  const doubt: Doubt = { seen: new Set(), isAmbiguous: false }
  return { spans: search(json, paths, doubt), isAmbiguous: doubt.isAmbiguous }
}

function search(json: Uint8Array, paths: readonly Path[], doubt?: Doubt): (Span | undefined)[] {
  const root = rootOf(paths)
  const found: (Span | undefined)[] = paths.map(() => undefined)
  const start = skipSpace(json, 0)
  if (isObjectAt(json, start)) searchObject(json, start, { wanted: root.below, found, doubt })
  return found
}

/** Every member of the object at `start`, duplicates included, in order; none of another value. */
export function listMembers(json: Uint8Array, start: number): Member[] {
  const members: Member[] = []
  if (!isObjectAt(json, start)) return members
  walkMembers(json, start, (keyStart, keyEnd, at) => {
    const end = skipValue(json, at)
    members.push({ key: readKey(json, keyStart, keyEnd), keyStart, start: at, end })
    return end
  })
  return members
}

/** Every element of the array at `start`, in order; none of another value. */
export function listElements(json: Uint8Array, start: number): Span[] {
  const elements: Span[] = []
  walkElements(json, start, (at) => {
    const end = skipValue(json, at)
    elements.push({ start: at, end })
    return end
  })
  return elements
}

/**
 * The edits that set (`text`: JSON) and remove (`undefined`) members of one object. A member that is
 * there keeps its place, a new one goes to the end. Not to be mixed with edits inside removed members.
 * A value that is no object has nothing to edit.
 */
export function editObject(
  json: Uint8Array,
  object: Span,
  changes: Readonly<Record<string, string | undefined>>,
): Edit[] {
  if (!isObjectAt(json, object.start)) return []
  const members = listMembers(json, object.start)
  const last = new Map(members.map((member) => [member.key, member]))
  const edits: Edit[] = []
  let gapStart = object.start + 1
  let dropped = false
  let kept = false
  for (const member of members) {
    const changed = Object.hasOwn(changes, member.key)
    const text = changes[member.key]
    if (changed && (text === undefined || last.get(member.key) !== member)) {
      dropped = true
      continue
    }
    if (dropped) {
      edits.push({ span: { start: gapStart, end: member.keyStart }, text: kept ? ',' : '' })
    }
    if (changed) edits.push({ span: member, text: text ?? '' })
    gapStart = member.end
    dropped = false
    kept = true
  }
  const added = Object.entries(changes)
    .filter(([key, text]) => text !== undefined && !last.has(key))
    .map(([key, text]) => `${JSON.stringify(key)}:${text}`)
    .join(',')
  if (dropped || added !== '') {
    const text = kept && added !== '' ? `,${added}` : added
    edits.push({ span: { start: gapStart, end: object.end - 1 }, text })
  }
  return edits
}

/** Applies edits, in any order. Throws `RangeError` when two overlap. The input is not changed. */
export function splice(json: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const sorted = edits.map(({ span, text }) => ({
    span,
    text: isShort(text) ? text : encoder.encode(text),
  }))
  if (sorted.length > 1) {
    sorted.sort(({ span: a }, { span: b }) => a.start - b.start || a.end - b.end)
  }
  let length = json.length
  for (const { span, text } of sorted) length += text.length - (span.end - span.start)
  const out = new Uint8Array(length)
  let from = 0
  let to = 0
  for (const { span, text } of sorted) {
    if (span.start < from) throw new RangeError(`edits overlap at byte ${span.start}`)
    out.set(json.subarray(from, span.start), to)
    to += span.start - from
    if (typeof text === 'string') write(text, out, to)
    else out.set(text, to)
    to += text.length
    from = span.end
  }
  out.set(json.subarray(from), to)
  return out
}

/** An encoder or a decoder costs more than the few characters of an id. */
const SHORT_CHARS = 64

/** Whether it is, and each character is one byte. */
function isShort(text: string): boolean {
  if (text.length > SHORT_CHARS) return false
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

function write(text: string, out: Uint8Array, at: number): void {
  for (let n = 0; n < text.length; n++) out[at + n] = text.charCodeAt(n)
}

/** Replaces one value by `text` (JSON). The same bytes come back when nothing is at that path. */
export function setValue(json: Uint8Array, path: Path, text: string): Uint8Array {
  const [span] = findSpans(json, [path])
  return span === undefined ? json : splice(json, [{ span, text }])
}

/** Parses one value of the text. */
export function readValue(json: Uint8Array, span: Span): unknown {
  return JSON.parse(textAt(json, span))
}

/** The JSON text of one value. */
export function textAt(json: Uint8Array, { start, end }: Span): string {
  if (end - start > SHORT_CHARS) return decoder.decode(json.subarray(start, end))
  let text = ''
  for (let at = start; at < end; at++) {
    const byte = json[at] ?? 0
    if (byte > 0x7f) return decoder.decode(json.subarray(start, end))
    text += String.fromCharCode(byte)
  }
  return text
}

/** Of paths that are a constant, made once. */
const roots = new WeakMap<readonly Path[], Wanted>()

function rootOf(paths: readonly Path[]): Wanted {
  const known = roots.get(paths)
  if (known !== undefined) return known
  const root: Wanted = { key: '', slot: -1, below: [] }
  paths.forEach((path, slot) => addPath(root, path, slot))
  roots.set(paths, root)
  return root
}

function addPath(root: Wanted, path: Path, slot: number): void {
  if (path.length === 0) throw new TypeError('a path needs at least one key')
  let node = root
  for (const key of path) {
    let next = node.below.find((child) => child.key === key)
    if (next === undefined) {
      next = { key, slot: -1, below: [] }
      node.below.push(next)
    }
    node = next
  }
  if (node.slot !== -1) throw new TypeError(`path ${JSON.stringify(path)} is given twice`)
  node.slot = slot
}

function searchObject(json: Uint8Array, start: number, { wanted, found, doubt }: Search): number {
  return walkMembers(json, start, (keyStart, keyEnd, at) => {
    const match = wanted.find((node) => isKey(json, keyStart, keyEnd, node.key))
    if (match === undefined) {
      if (doubt !== undefined) {
        const isOther = ({ key }: Wanted) => isKeyInAnyCase(json, keyStart, keyEnd, key)
        doubt.isAmbiguous ||= wanted.some(isOther)
      }
      return skipValue(json, at)
    }
    if (doubt !== undefined) {
      doubt.isAmbiguous ||= doubt.seen.has(match)
      doubt.seen.add(match)
    }
    forget(match, found)
    const deeper = match.below.length > 0 && isObjectAt(json, at)
    const below = { wanted: match.below, found, doubt }
    const end = deeper ? searchObject(json, at, below) : skipValue(json, at)
    if (match.slot !== -1) found[match.slot] = { start: at, end }
    return end
  })
}

/** What an earlier duplicate of this key held does not count. */
function forget(node: Wanted, found: (Span | undefined)[]): void {
  if (node.slot !== -1) found[node.slot] = undefined
  for (const child of node.below) forget(child, found)
}
