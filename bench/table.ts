/** The figures of a run as text: on a terminal, and in Markdown when the page asks for it. */
import { cpuByProgram, medianOf, newSessionMs, type PeerResult, type Results } from './results.ts'

type Column = [title: string, value: (peer: PeerResult) => string]

const LOAD_COLUMNS: Column[] = [
  ['', (peer) => `${peer.peer} ${peer.version}`.trim()],
  ['processes', (peer) => peer.isolation],
  ['1 session p50', (peer) => ms(medianOf(peer, 'one', 'p50Ms'))],
  ['p95', (peer) => ms(medianOf(peer, 'one', 'p95Ms'))],
  ['p99', (peer) => ms(medianOf(peer, 'one', 'p99Ms'))],
  ['calls/s', (peer) => whole(medianOf(peer, 'one', 'callsPerSecond'))],
  ['16 sessions p50', (peer) => ms(medianOf(peer, 'many', 'p50Ms'))],
  ['p99', (peer) => ms(medianOf(peer, 'many', 'p99Ms'))],
  ['calls/s', (peer) => whole(medianOf(peer, 'many', 'callsPerSecond'))],
]

const REST_COLUMNS: Column[] = [
  ['', (peer) => `${peer.peer} ${peer.version}`.trim()],
  ['new session to tools/list', (peer) => ms(newSessionMs(peer))],
  ['modern call p50', (peer) => ms(medianOf(peer, 'modern', 'p50Ms'))],
  ['start', (peer) => `${whole(peer.startMs)} ms`],
  ['idle', (peer) => megabytes(peer.memory?.idleBytes)],
  ['each session', (peer) => megabytes(peer.memory?.perSessionBytes)],
  ['processes each', (peer) => peer.memory?.perSessionProcesses.toFixed(1) ?? '–'],
  ['after load', (peer) => megabytes(peer.afterLoadBytes)],
  ['after kill -9', describeRecovery],
]

const CPU_COLUMNS: Column[] = [
  ['', (peer) => `${peer.peer} ${peer.version}`.trim()],
  ['CPU ms per call', (peer) => ms(medianOf(peer, 'many', 'cpuMsPerCall'))],
  ['without the server', (peer) => ms(medianOf(peer, 'many', 'productCPUMsPerCall'))],
  ['of which', (peer) => list(cpuByProgram(peer, 'many'))],
]

/** Three tables for each target. */
export function toTable(results: Results): string {
  return results.targets
    .flatMap(({ target, peers }) => [
      `### The ${target} server`,
      table(LOAD_COLUMNS, peers),
      table(
        REST_COLUMNS,
        peers.filter(({ isolation }) => isolation !== 'none'),
      ),
      table(
        CPU_COLUMNS,
        peers.filter((peer) => medianOf(peer, 'many', 'p50Ms') !== undefined),
      ),
    ])
    .join('\n\n')
}

function table(columns: Column[], peers: PeerResult[]): string {
  const rows = [
    columns.map(([title]) => title),
    ...peers.map((peer) => columns.map(([, value]) => value(peer))),
  ]
  const widths = columns.map((_, at) => Math.max(3, ...rows.map((row) => row[at]?.length ?? 0)))
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  const [head, ...body] = rows.map(line)
  return [head, rule, ...body].join('\n')
}

function describeRecovery(peer: PeerResult): string {
  const [first] = peer.recoveries
  if (first === undefined) return '–'
  const worst = peer.recoveries.reduce((a, b) =>
    (b.recoveredMs ?? Infinity) > (a.recoveredMs ?? Infinity) ? b : a,
  )
  if (worst.recoveredMs === null) return 'never'
  const how = worst.clientAction ? 'new session' : `${worst.failedCalls} failed`
  return `${whole(worst.recoveredMs)} ms, ${how}`
}

function ms(value: number | undefined): string {
  return value === undefined ? '–' : value < 10 ? `${value.toFixed(2)}` : `${value.toFixed(0)}`
}

function list(shares: [string, number][]): string {
  return shares.map(([program, cpuMs]) => `${program} ${cpuMs.toFixed(3)}`).join(', ')
}

function whole(value: number | undefined): string {
  return value === undefined ? '–' : Math.round(value).toLocaleString('en')
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? '–' : `${(bytes / 1e6).toFixed(0)} MB`
}
