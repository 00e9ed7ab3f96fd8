/** Cuts a text where a reader can go on. Pure. */

/** How far back from the bound the end of a line is looked for, as a part of what is kept. */
const LINE_SHARE = 0.1

/** The beginning of a text, of at most so many bytes as UTF-8: whole characters, whole lines where one ends near. */
export function cutText(text: string, maxBytes: number): string {
  let bytes = 0
  let end = 0
  for (const char of text) {
    bytes += utf8Bytes(char)
    if (bytes > maxBytes) return toLine(text.slice(0, end))
    end += char.length
  }
  return text
}

function toLine(text: string): string {
  const at = text.lastIndexOf('\n')
  return at >= text.length * (1 - LINE_SHARE) ? text.slice(0, at + 1) : text
}

function utf8Bytes(char: string): number {
  const point = char.codePointAt(0) ?? 0
  if (point < 0x80) return 1
  if (point < 0x800) return 2
  return point < 0x10000 ? 3 : 4
}
