/** The last lines of what a process printed, as people may read them in an error. Pure. */
import { stripVTControlCharacters } from 'node:util'

const MAX_LINES = 10
const MAX_BYTES = 2 * 1024
const MAX_LINE_CHARS = 300

/** Where in the code it was, what runs it, where a log is: they would push out the line that says what happened. */
const ASIDE =
  /^\s*$|^\s+at |^Node\.js v\d|^\s*[\^~]+\s*$|^node:internal\/|^\s*\d+: 0x[\da-f]+|^-+ Native stack trace|^npm (?:error|ERR!)\s*(?:\w+|(?:404 )?(?:A complete log of this run|Note that you can|tarball, folder).*)?$/

/** What was printed, line by line, without what a terminal would obey and what tells nobody anything. */
export function tellingLines(printed: readonly string[]): string[] {
  return printed.map(toPlain).filter((line) => !ASIDE.test(line))
}

/** The newest of them, within the bounds. */
export function lastLines(lines: readonly string[]): string[] {
  const kept: string[] = []
  let bytes = 0
  for (const line of lines.toReversed()) {
    const shown = line.length > MAX_LINE_CHARS ? `${line.slice(0, MAX_LINE_CHARS)}…` : line
    bytes += Buffer.byteLength(shown)
    if (kept.length === MAX_LINES || bytes > MAX_BYTES) break
    kept.unshift(shown)
  }
  return kept
}

function toPlain(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll('\t', '  ')
    .replace(/\p{Cc}/gu, '')
    .trimEnd()
}
