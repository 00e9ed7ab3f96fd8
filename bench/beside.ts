/** This project beside what it was at a former commit, from the same rounds. */
import { judgeAims } from './aims.ts'
import {
  medianOf,
  newSessionMs,
  type LoadFigure,
  type PeerResult,
  type Phase,
  type Results,
} from './results.ts'

interface Row {
  what: string
  digits: number
  value: (peer: PeerResult) => number | undefined
}

const ROWS: Row[] = [
  toRow('1 session p50, ms', 'one', 'p50Ms'),
  toRow('1 session p99, ms', 'one', 'p99Ms'),
  toRow('16 sessions calls/s', 'many', 'callsPerSecond', 0),
  toRow('16 sessions p99, ms', 'many', 'p99Ms'),
  toRow('CPU per call without the server, ms', 'many', 'productCPUMsPerCall', 3),
  toRow('modern call p50, ms', 'modern', 'p50Ms'),
  { what: 'new session to tools/list, ms', digits: 1, value: newSessionMs },
  { what: 'start, ms', digits: 0, value: ({ startMs }) => startMs },
  { what: 'idle, MB', digits: 0, value: ({ memory }) => inMegabytes(memory?.idleBytes) },
  { what: 'after load, MB', digits: 0, value: ({ afterLoadBytes }) => inMegabytes(afterLoadBytes) },
]

/** Two tables, or nothing where no former commit was measured. */
export function toBeside(results: Results): string[] {
  const { former } = results
  return former === undefined ? [] : [toAimTable(results, former), toFigureTable(results, former)]
}

function toAimTable(results: Results, former: string): string {
  const before = judgeAims(results, 'former')
  const rows = judgeAims(results).map(({ what, limit, measured, held }, at) => {
    const verdict = held ? 'held' : '**missed**'
    return `| ${what} | ${limit} | ${before[at]?.measured} | ${measured} | ${verdict} |`
  })
  const head = `| what | aim | ${former} | now | |`
  return [head, '| --- | --- | --- | --- | --- |', ...rows].join('\n')
}

function toFigureTable({ targets }: Results, former: string): string {
  const rows = targets.flatMap(({ target, peers }) => {
    const old = peers.find(({ role }) => role === 'former')
    const now = peers.find(({ role }) => role === 'subject')
    if (old === undefined || now === undefined) return []
    return ROWS.map((row) => compare(target, row, old, now))
  })
  const head = `| server | | ${former} | now | now ÷ ${former} |`
  return [head, '| --- | --- | ---: | ---: | ---: |', ...rows].join('\n')
}

function compare(target: string, row: Row, old: PeerResult, now: PeerResult): string {
  const [before = Number.NaN, after = Number.NaN] = [row.value(old), row.value(now)]
  const cells = [before.toFixed(row.digits), after.toFixed(row.digits), (after / before).toFixed(2)]
  return `| ${target} | ${row.what} | ${cells.map((cell) => cell.replace('NaN', '–')).join(' | ')} |`
}

function toRow(what: string, phase: Phase, figure: LoadFigure, digits = 2): Row {
  return { what, digits, value: (peer) => medianOf(peer, phase, figure) }
}

function inMegabytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / 1e6
}
