/** `hearth logs`: what the processes of a server have printed. */
import { setTimeout as pause } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import type { Command } from 'commander'
import { z } from 'zod'
import { MAX_CONSOLE_LINES } from '#protocol/console.ts'
import { openGateway, withGateway, type Gateway, type GatewayOptions } from '../admin/gateway.ts'
import { hint, print, read, toJSONLine } from '../admin/show.ts'
import { parseCount } from '../count.ts'
import { parseSpan } from '../duration.ts'
import { toPlain } from '../table.ts'

const POLL_MS = 1_000
/** Each question looks so far back: the clocks of two containers differ a little. */
const OVERLAP_MS = 2_000

const Line = z.looseObject({
  time: z.string(),
  pid: z.number(),
  stream: z.string(),
  text: z.string(),
})
type Line = z.output<typeof Line>
const Console = z.looseObject({ isAwake: z.boolean(), isCut: z.boolean(), lines: z.array(Line) })

const HELP = `
Examples:
  hearth logs github
  hearth logs github --follow
  hearth logs github --since 15m --lines 1000

Standard error of the server's processes, and what on standard output is no MCP message. Consoles are
kept in memory: the newest 500 lines of each process that runs, and of the last 20 that ended. --json with
--follow prints one line of JSON for each line.`

interface LogsOptions extends GatewayOptions {
  follow?: boolean
  since?: number
  lines?: number
}

export function addLogsCommand(program: Command): void {
  withGateway(
    program
      .command('logs <server>')
      .description('Show what the processes of a server have printed. Starts nothing.')
      .option('-f, --follow', 'go on as more is printed, until Ctrl-C')
      .option('--since <duration>', 'how far back: 40s, 15m, 24h (default: all)', parseSpan)
      .option('--lines <number>', 'the newest so many (default: 200)', parseCount)
      .addHelpText('after', HELP),
  ).action(logs)
}

async function logs(server: string, options: LogsOptions): Promise<void> {
  const gateway = await openGateway(options)
  const { json, follow, lines, since: ago } = options
  const since = ago === undefined ? undefined : Date.now() - ago
  const answer = await ask(gateway, server, { lines, since })
  if (json && !follow) return print(toJSONLine(answer))
  const report = read(Console, answer)
  if (report.isCut) hint('older lines are left out: --lines shows more')
  if (report.lines.length === 0) hint(toSilence(server, report.isAwake))
  report.lines.forEach(json ? printJSON : printLine)
  if (!follow) return
  const [oldest] = report.isCut ? report.lines : []
  const from = oldest?.time ?? (since === undefined ? '' : new Date(since).toISOString())
  await goOn(gateway, server, { first: report.lines, from, show: json ? printJSON : printLine })
}

interface Following {
  /** What was shown already. */
  first: readonly Line[]
  /** The time of the oldest line that is wanted. */
  from: string
  show: (line: Line) => void
}

/** Ends with Ctrl-C, with whoever reads it, and when the gateway cannot be asked any more. */
async function goOn(
  gateway: Gateway,
  server: string,
  { first, from, show }: Following,
): Promise<void> {
  let shown = first
  let newest = newestOf(first) ?? Date.now()
  for (;;) {
    await pause(POLL_MS)
    const since = newest - OVERLAP_MS
    const answer = await ask(gateway, server, { since, lines: MAX_CONSOLE_LINES })
    const { lines } = read(Console, answer)
    without(shown, lines)
      .filter(({ time }) => time >= from)
      .forEach(show)
    newest = Math.max(newest, newestOf(lines) ?? 0)
    shown = lines
  }
}

function ask({ api, path }: Gateway, server: string, query: Record<string, number | undefined>) {
  return api.send({ path: path('servers', server, 'console'), query })
}

/** Those of `lines` that are not among `shown`; one that is there twice was shown twice, or is new. */
function without(shown: readonly Line[], lines: readonly Line[]): Line[] {
  const counts = new Map<string, number>()
  for (const line of shown) counts.set(keyOf(line), (counts.get(keyOf(line)) ?? 0) + 1)
  return lines.filter((line) => {
    const left = counts.get(keyOf(line)) ?? 0
    counts.set(keyOf(line), left - 1)
    return left <= 0
  })
}

function keyOf({ time, pid, stream, text }: Line): string {
  return JSON.stringify([time, pid, stream, text])
}

function newestOf(lines: readonly Line[]): number | undefined {
  const last = lines.at(-1)
  return last === undefined ? undefined : Date.parse(last.time)
}

function toSilence(server: string, isAwake: boolean): string {
  return isAwake
    ? `the processes of ${server} have printed nothing, or none has run of late`
    : 'the container sleeps: consoles begin anew when it starts'
}

function printLine({ time, pid, stream, text }: Line): void {
  const process = pid === 0 ? 'remote' : String(pid)
  print(`${toPlain(time)}  ${process.padEnd(7)}  ${stream}  ${toText(text)}\n`)
}

/** Colours are left out, tabs stay, and nothing else is obeyed by a terminal. */
function toText(text: string): string {
  return stripVTControlCharacters(text).replace(/[^\t]+/g, toPlain)
}

function printJSON(line: Line): void {
  print(`${JSON.stringify(line)}\n`)
}
