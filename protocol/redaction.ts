/**
 * Takes secrets out of texts that people read: the console of a server, log lines, details of errors.
 * A value is known in the forms in which programs print it: as it is, line by line, escaped as in
 * JSON, encoded for a URL, in base64 and in hex. Pure.
 *
 * One alternation over the first characters of all forms finds the places; how long a place is, the
 * forms themselves tell. So a text is read once, however many values there are, and a form that was
 * printed in part is taken out as far as it goes.
 */

/** Shorter values are ordinary words and numbers: `true`, `80`. They stay. */
const MIN_VALUE_CHARS = 4
/** Of the middle of a base64 text, which stands for fewer bytes. */
const MIN_ENCODED_CHARS = 8
/** What a place is found by. */
const HEAD_CHARS = 16
/** With more the expression is too large to be compiled well. The plain values come first. */
const MAX_FORMS = 1_024

export const REDACTED = '[redacted]'

/** `isCut`: the text goes on where it came from, so a form may have lost its end. */
export type Redactor = (text: string, isCut?: boolean) => string

export function createRedactor(values: readonly string[]): Redactor {
  const forms = takeForms(values)
  if (forms.length === 0) return (text) => text
  const byHead = Map.groupBy(forms, headOf)
  const heads = [...byHead.keys()].sort().reverse()
  const places = new RegExp(heads.map(escape).join('|'), 'g')
  return (text, isCut = false) => {
    const whole = replacePlaces(text, places, byHead)
    return isCut ? dropPartialEnd(whole, heads) : whole
  }
}

/** The same head may begin several forms: the one that agrees longest is taken out. */
function replacePlaces(text: string, places: RegExp, byHead: Map<string, string[]>): string {
  let result = ''
  let at = 0
  places.lastIndex = 0
  for (let found = places.exec(text); found !== null; found = places.exec(text)) {
    const { index } = found
    const forms = byHead.get(found[0]) ?? []
    const length = forms.reduce((most, form) => Math.max(most, agreeing(text, index, form)), 0)
    result += text.slice(at, index) + REDACTED
    places.lastIndex = at = index + length
  }
  return at === 0 ? text : result + text.slice(at)
}

function agreeing(text: string, from: number, form: string): number {
  const most = Math.min(form.length, text.length - from)
  let length = 0
  while (length < most && text.charCodeAt(from + length) === form.charCodeAt(length)) length++
  return length
}

/** A cut may have split a character, too. */
function dropPartialEnd(text: string, heads: readonly string[]): string {
  const shown = text.replace(/\uFFFD+$/, '')
  for (let length = HEAD_CHARS - 1; length >= MIN_VALUE_CHARS; length--) {
    const end = shown.slice(-length)
    if (heads.some((head) => head.startsWith(end))) return shown.slice(0, -length) + REDACTED
  }
  return text
}

/** Those that are likeliest first, in case that not all can be taken. */
function takeForms(values: readonly string[]): string[] {
  const long = values.filter((value) => value.length >= MIN_VALUE_CHARS)
  const others = [toLines, toEscaped, toEncoded].flatMap((toForms) => long.flatMap(toForms))
  const forms = [...long, ...others].filter((form) => form.length >= MIN_VALUE_CHARS)
  return [...new Set(forms)].slice(0, MAX_FORMS)
}

function toLines(value: string): string[] {
  return value.split(/[\r\n]+/).map((line) => line.trim())
}

function toEscaped(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1)
  const ascii = json.replace(/[^\x20-\x7e]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  const uri = encodeURIComponent(value.toWellFormed())
  const lower = uri.replace(/%../g, (byte) => byte.toLowerCase())
  return [json, ascii, uri, lower, uri.replaceAll('%20', '+')]
}

/** In base64 the same bytes look different after one or two others: their middle is what is known. */
function toEncoded(value: string): string[] {
  const bytes = new TextEncoder().encode(value)
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const forms = [hex, hex.toUpperCase()]
  const whole = toBase64(bytes, 0).replace(/=+$/, '')
  for (const text of [whole, ...[0, 1, 2].map((before) => middleOfBase64(bytes, before))]) {
    const urlSafe = text.replaceAll('+', '-').replaceAll('/', '_')
    if (text.length >= MIN_ENCODED_CHARS) forms.push(text, urlSafe)
  }
  return forms
}

/** The characters that the bytes alone decide, when `before` other bytes precede them. */
function middleOfBase64(bytes: Uint8Array, before: number): string {
  const first = Math.ceil((before * 8) / 6)
  const end = Math.floor(((before + bytes.length) * 8) / 6)
  return toBase64(bytes, before).slice(first, end)
}

function toBase64(bytes: Uint8Array, before: number): string {
  let binary = '\0'.repeat(before)
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

function headOf(form: string): string {
  return form.slice(0, HEAD_CHARS)
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
