/** Reads over valid JSON in bytes without building anything. Offsets in, offsets out. */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
/** `{` and `[` are this byte once bit 5 is set, `}` and `]` the other. */
const OPEN = 0x7b
const CLOSE = 0x7d
const CASE_BIT = 0x20
const ARRAY = 0x5b
const ARRAY_END = 0x5d

/** Bytes of a string that are read one by one before the native search is worth its call. */
const NEAR_BYTES = 48

const decoder = new TextDecoder()

export function isObjectAt(json: Uint8Array, at: number): boolean {
  return json[at] === OPEN
}

/** Calls `visit` for each member with its key's quotes and its value's start; it returns the value's end. */
export function walkMembers(
  json: Uint8Array,
  start: number,
  visit: (keyStart: number, keyEnd: number, at: number) => number,
): number {
  let at = skipSpace(json, start + 1)
  while (json[at] === QUOTE) {
    const keyEnd = skipString(json, at)
    const value = skipSpace(json, skipSpace(json, keyEnd) + 1)
    at = skipSpace(json, visit(at, keyEnd, value))
    if (json[at] === COMMA) at = skipSpace(json, at + 1)
  }
  return at + 1
}

/** Calls `visit` for each element of an array with its start; it returns the element's end. */
export function walkElements(json: Uint8Array, start: number, visit: (at: number) => number): void {
  if (json[start] !== ARRAY) return
  let at = skipSpace(json, start + 1)
  while (at < json.length && json[at] !== ARRAY_END) {
    const end = visit(at)
    if (end === at) throw new RangeError('the JSON text has no value where one is due')
    at = skipSpace(json, end)
    if (json[at] === COMMA) at = skipSpace(json, at + 1)
  }
}

export function isKey(json: Uint8Array, start: number, end: number, key: string): boolean {
  let plain = true
  for (let at = start + 1; at < end - 1; at++) {
    const byte = json[at] ?? 0
    if (byte === BACKSLASH || byte > 0x7f) return readKey(json, start, end) === key
    plain &&= byte === key.charCodeAt(at - start - 1)
  }
  return plain && end - start - 2 === key.length
}

/** Whether a parser that ignores case takes it for `key`. As Unicode folds case: see `fold`. */
export function isKeyInAnyCase(json: Uint8Array, start: number, end: number, key: string): boolean {
  let isSame = end - start - 2 === key.length
  for (let at = start + 1; at < end - 1; at++) {
    const byte = json[at] ?? 0
    if (byte === BACKSLASH || byte > 0x7f) return fold(readKey(json, start, end)) === fold(key)
    isSame &&= lower(byte) === lower(key.charCodeAt(at - start - 1))
  }
  return isSame
}

function lower(char: number): number {
  return char >= 0x41 && char <= 0x5a ? char | CASE_BIT : char
}

/** `ſ` is an `s` in upper case only, the Kelvin sign a `k` in lower case only. */
function fold(key: string): string {
  return key.toUpperCase().toLowerCase()
}

export function readKey(json: Uint8Array, start: number, end: number): string {
  return JSON.parse(decoder.decode(json.subarray(start, end))) as string
}

export function skipSpace(json: Uint8Array, from: number): number {
  let at = from
  for (let byte = json[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;) {
    byte = json[++at]
  }
  return at
}

export function skipValue(json: Uint8Array, start: number): number {
  const first = json[start] ?? 0
  if (first === QUOTE) return skipString(json, start)
  if ((first | CASE_BIT) === OPEN) return skipNested(json, start)
  let at = start
  for (let byte = json[at]; byte !== undefined && !endsScalar(byte);) byte = json[++at]
  return at
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte <= 0x20 || (byte | CASE_BIT) === CLOSE
}

function skipNested(json: Uint8Array, start: number): number {
  let depth = 0
  for (let at = start; at < json.length;) {
    const byte = json[at] ?? 0
    if (byte === QUOTE) {
      at = skipString(json, at)
      continue
    }
    at += 1
    const bracket = byte | CASE_BIT
    if (bracket === OPEN) depth += 1
    else if (bracket === CLOSE && --depth === 0) return at
  }
  throw new RangeError('the JSON text ends inside a value')
}

/** From an opening quote to behind the closing one. */
function skipString(json: Uint8Array, start: number): number {
  let at = start + 1
  while (at < json.length) {
    for (const near = at + NEAR_BYTES; at < near; at += json[at] === BACKSLASH ? 2 : 1) {
      if (json[at] === QUOTE) return at + 1
    }
    const quote = json.indexOf(QUOTE, at)
    if (quote === -1) break
    let slash = quote
    while (slash > at && json[slash - 1] === BACKSLASH) slash -= 1
    at = quote + 1
    if ((quote - slash) % 2 === 0) return at
  }
  throw new RangeError('the JSON text ends inside a string')
}
