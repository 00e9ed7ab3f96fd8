/** JSON as VS Code and Zed write it → plain JSON: without comments and trailing commas. Pure. */

const STRING = /"(?:[^"\\]|\\.)*"?/y
const COMMENT = /\/\/[^\n\r]*|\/\*[\s\S]*?(?:\*\/|$)/y
const TRAILING = /,(?=(?:\s|\/\/[^\n\r]*|\/\*[\s\S]*?\*\/)*[}\]])/y
const OTHER = /[^"/,]+|./sy

/** What is no JSON stays none. Comments leave a space each, so that errors are where they were. */
export function toPlainJSON(text: string): string {
  let plain = ''
  for (let at = 0; at < text.length;) {
    const { part, shown } = nextPart(text, at)
    plain += shown
    at += part.length
  }
  return plain.replace(/^\uFEFF/, '')
}

function nextPart(text: string, at: number): { part: string; shown: string } {
  const string = match(STRING, text, at)
  if (string !== undefined) return { part: string, shown: string }
  const comment = match(COMMENT, text, at)
  if (comment !== undefined) return { part: comment, shown: comment.replace(/[^\n\r]/g, ' ') }
  const comma = match(TRAILING, text, at)
  if (comma !== undefined) return { part: comma, shown: ' ' }
  const other = match(OTHER, text, at) ?? ''
  return { part: other, shown: other }
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}
