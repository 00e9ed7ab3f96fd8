/** Memory and CPU time of process trees, from /proc. Linux only. */
import { readFileSync, readdirSync } from 'node:fs'

/** Linux reports CPU time in ticks of 10 ms on every platform that Node runs on (USER_HZ). */
const TICK_MS = 10

export interface Usage {
  processes: number
  /** Proportional set size: shared pages are divided among those who share them. */
  pssBytes: number
  cpuMs: number
}

/** The roots that live and all that descends from them. */
export function processTree(roots: number[]): number[] {
  const children = new Map<number, number[]>()
  const living = new Set<number>()
  for (const pid of allProcesses()) {
    const stat = readStat(pid)
    if (stat === undefined || stat.state === 'Z') continue
    living.add(pid)
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), pid])
  }
  const tree = roots.filter((pid) => living.has(pid))
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return [...new Set(tree)]
}

export function usageOf(roots: number[]): Usage {
  const usage: Usage = { processes: 0, pssBytes: 0, cpuMs: 0 }
  for (const pid of processTree(roots)) {
    const stat = readStat(pid)
    const pssBytes = pssBytesOf(pid)
    if (stat === undefined || pssBytes === undefined) continue
    usage.processes += 1
    usage.pssBytes += pssBytes
    usage.cpuMs += stat.cpuMs
  }
  return usage
}

/** `undefined` for a process that ended meanwhile. */
export function pssBytesOf(pid: number): number | undefined {
  const pss = readText(`/proc/${pid}/smaps_rollup`)?.match(/^Pss:\s+(\d+) kB/m)?.[1]
  return pss === undefined ? undefined : Number(pss) * 1024
}

/**
 * CPU time so far, in milliseconds, by program: memory maps are not read, which would disturb what
 * runs. What ended meanwhile no longer counts.
 */
export function cpuMsByProgram(roots: number[]): Record<string, number> {
  const totals: Record<string, number> = {}
  for (const pid of processTree(roots)) {
    const program = programName(pid)
    totals[program] = (totals[program] ?? 0) + (readStat(pid)?.cpuMs ?? 0)
  }
  return totals
}

/** CPU time of the trees so far, of what they started and what has ended since included. */
export function cpuMsOf(roots: number[]): number {
  const times = processTree(roots).map((pid) => readStat(pid))
  return times.reduce((sum, stat) => sum + (stat?.cpuMs ?? 0) + (stat?.endedMs ?? 0), 0)
}

/** The whole tree, each process with the name of its program. */
export function programsIn(roots: number[]): { pid: number; program: string }[] {
  return processTree(roots).map((pid) => ({ pid, program: programName(pid) }))
}

/** `workerd`, for Python the module, or the script: its package or folder, and its file. */
function programName(pid: number): string {
  return nameOfProgram((readText(`/proc/${pid}/cmdline`) ?? '').split('\0'))
}

/** As it is named in `cpuMsByProgram`. */
export function nameOfProgram([command = '', ...args]: string[]): string {
  const [option, module] = args
  if (option === '-m' && module !== undefined) return module
  const script = args.find((arg) => /^[^-\s]\S*\.([cm]?[jt]s|py)$/.test(arg))
  if (script === undefined) return command.split('/').at(-1) ?? command
  const folders = script.split('/').filter((name) => name !== 'dist' && name !== 'bin')
  return folders.slice(-2).join('/')
}

function allProcesses(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid))
}

interface Stat {
  state: string
  parent: number
  cpuMs: number
  /** Of children that it has waited for, and of theirs. */
  endedMs: number
}

/** The name in parentheses may hold spaces, so fields are counted from after it (proc(5)). */
function readStat(pid: number): Stat | undefined {
  const text = readText(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15).map(Number)
  return {
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    cpuMs: (user + system) * TICK_MS,
    endedMs: (endedUser + endedSystem) * TICK_MS,
  }
}

/** `undefined` for a process that ended meanwhile. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
