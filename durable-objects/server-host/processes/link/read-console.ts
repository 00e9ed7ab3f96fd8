/** What the processes of a server have printed: asked for beside the link, and nothing is started. */
import {
  isLaunchOf,
  selectLines,
  type ConsoleLine,
  type ConsoleQuery,
  type ConsoleReport,
} from '#protocol/console.ts'
import { askCell, type Ask } from './ask-cell.ts'

/** As an older host program tells them: those of all servers, with what is private to it. */
interface Told {
  entries: (ConsoleLine & { server: string })[]
  isCut?: boolean
}

/** Of several host programs as one. */
export async function readConsoleOf(
  query: ConsoleQuery,
  placements: readonly string[],
  read: (placement: string) => Promise<ConsoleReport>,
): Promise<ConsoleReport> {
  const reports = await Promise.all(placements.map(read))
  const { lines, isCut } = selectLines(
    reports.flatMap((report) => report.lines),
    query,
  )
  return {
    isAwake: reports.some(({ isAwake }) => isAwake),
    isCut: isCut || reports.some((report) => report.isCut),
    lines,
  }
}

export async function readConsole(
  name: string,
  ask: Ask | undefined,
  query: ConsoleQuery,
): Promise<ConsoleReport> {
  const { server, since, lines } = query
  const parameters = new URLSearchParams({ server, lines: String(lines) })
  if (since !== undefined) parameters.set('since', String(since))
  const told = await askCell<Told>(name, `console?${parameters}`, ask, { entries: [] })
  if (told === undefined) return { isAwake: false, isCut: false, lines: [] }
  const selected = selectLines(
    told.entries.filter((entry) => isLaunchOf(entry.server, server)),
    query,
  )
  return {
    isAwake: true,
    isCut: selected.isCut || told.isCut === true,
    lines: selected.lines.map(toLine),
  }
}

/** Without the key of its channel, which holds the id of a session. */
function toLine({ time, pid, stream, callId, text }: ConsoleLine): ConsoleLine {
  return { time, pid, stream, ...(callId !== undefined && { callId }), text }
}
