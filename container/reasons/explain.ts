/** Why a server does not start, from how it ended and what it printed. Pure. */
import { findHint } from './hints.ts'
import { lastLines, tellingLines } from './last-lines.ts'
import type { Why } from '#protocol/link.ts'

const MAX_QUOTE_CHARS = 300

/** A line that is likely to be the reason. */
const TELLING =
  /\b\w*(?:error|exception)\b|fatal|panic|required|missing|denied|invalid|unknown|unable|cannot|can't|not (?:set|found|defined|supported)|failed|no such/i

export interface Told {
  /** As in `the process exited with code 1`. */
  how: string
  /** Line by line, oldest first. */
  printed: readonly string[]
  /** The name of the launch. */
  server: string
  /** It has answered nothing, so that its last words are about its start. */
  isNew: boolean
}

/** Public, if what was printed is. `quote`: the line that says it best. */
export function explain({
  how,
  printed,
  server,
  isNew,
}: Told): Omit<Why, 'detail'> & { quote?: string } {
  const lines = tellingLines(printed)
  const found = findHint([how, ...lines], toServerName(server))
  const telling = lines.findLast((line) => TELLING.test(line)) ?? (isNew ? lines.at(-1) : undefined)
  const quoted = found !== undefined && found.line !== how ? found.line : telling
  return {
    ...(quoted !== undefined && { quote: quoted.trim().slice(0, MAX_QUOTE_CHARS) }),
    ...(lines.length > 0 && { output: lastLines(lines) }),
    ...(found !== undefined && { hint: found.hint }),
  }
}

/** The launch of a personal server has the principal's mark behind it. */
function toServerName(launch: string): string {
  return launch.replace(/~.*$/, '')
}
