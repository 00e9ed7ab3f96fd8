/** Text for people: aligned columns, times, and nothing that a terminal would obey. Pure. */

export type Cell = string | number | boolean | undefined

/** A header and its rows; a column is as wide as its widest cell. Ends with a line break. */
export function toTable(header: string[], rows: Cell[][]): string {
  const lines = [header, ...rows.map((row) => row.map(toCell))]
  const widths = header.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  return lines
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

function toCell(value: Cell): string {
  return value === undefined || value === '' ? '-' : toPlain(String(value))
}

/**
 * Control and format characters become visible. Names come from other people: an escape sequence
 * in one could rewrite what stands on the reader's terminal.
 */
export function toPlain(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

/** The same for JSON, which stays the same JSON. */
export function toInertJSON(text: string): string {
  return text.replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, toEscapes)
}

/** As in a string of JSON. */
export function toEscapes(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

/** `2026-11-21T14:01:35Z`: the same in every place, and it sorts. */
export function toTime(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
