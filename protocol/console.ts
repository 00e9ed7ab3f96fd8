/** What the processes of a server have printed, and how much of it is told at once. Pure. */
import type { RequestId } from './json-rpc.ts'

/** Separates server and principal in a launch's name; the name of a server has none. */
export const OWNER_MARK = '~'

export const DEFAULT_CONSOLE_LINES = 200
export const MAX_CONSOLE_LINES = 10_000
/** Of all texts of an answer. */
const MAX_CONSOLE_CHARS = 4 * 1024 * 1024

export interface ConsoleQuery {
  server: string
  /** `Date.now()` of the first lines that are wanted. */
  since?: number
  /** The newest so many. */
  lines: number
}

export interface ConsoleLine {
  /** ISO 8601, in UTC. */
  time: string
  /** 0: a remote server, which has no process here. */
  pid: number
  stream: 'stderr' | 'stdout'
  /** Of the call that was in flight, where there was exactly one. */
  callId?: RequestId | undefined
  text: string
}

export interface ConsoleReport {
  /** `false`: no host program runs, and consoles begin anew with it. */
  isAwake: boolean
  /** Older lines were left out. */
  isCut: boolean
  lines: ConsoleLine[]
}

/** Whether a process of this launch is one of the server, whoever it is for. */
export function isLaunchOf(launch: string, server: string): boolean {
  return launch === server || launch.startsWith(`${server}${OWNER_MARK}`)
}

/** The newest lines within both bounds, oldest first. */
export function selectLines<T extends ConsoleLine>(
  all: readonly T[],
  { since, lines }: Pick<ConsoleQuery, 'since' | 'lines'>,
): { lines: T[]; isCut: boolean } {
  const from = since === undefined ? '' : new Date(since).toISOString()
  const wanted = all.filter(({ time }) => time >= from).toSorted(byTime)
  const most = Math.min(lines, MAX_CONSOLE_LINES)
  let first = wanted.length
  let chars = 0
  while (first > 0 && wanted.length - first < most) {
    chars += wanted[first - 1]?.text.length ?? 0
    if (chars > MAX_CONSOLE_CHARS) break
    first--
  }
  return { lines: wanted.slice(first), isCut: first > 0 }
}

function byTime(a: ConsoleLine, b: ConsoleLine): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : 0
}
