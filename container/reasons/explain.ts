/** Why a server does not start, from how it ended and what it printed. Pure. */
import { findHint } from './hints.ts'
import { lastLines, tellingLines } from './last-lines.ts'
import type { Why } from '#protocol/link.ts'

const MAX_QUOTE_CHARS = 300

/** A line that is likely to be the reason. */
const TELLING =
  /\b\w*(?:error|exception)\b|fatal|panic|required|missing|denied|invalid|unknown|unable|cannot|can't|not (?:set|found|defined|supported)|failed|no such/i

const EXITED = /^the process exited/

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
  const all = tellingLines(printed)
  // What it printed long ago is no reason for its end, and an exit by itself may be one that it was told to.
  const lines = isNew ? all : lastLines(all)
  const isReason = isNew || !EXITED.test(how)
  const found = findHint([...(isReason ? [how] : []), ...lines], toServerName(server))
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
