/** How much memory there is, by what the kernel says of this machine and of this container's group. */
import { readFileSync } from 'node:fs'

export interface MemoryFigures {
  limitBytes: number
  /** What a new process can have before something is ended for it. */
  availableBytes: number
}

/** The text of a file, or `undefined` where there is none. */
export type ReadText = (path: string) => string | undefined

const V2 = '/sys/fs/cgroup'
const V1 = '/sys/fs/cgroup/memory'
const KIB = 1024

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // another system, or another version of its groups
  }
}

/** The tighter of the two bounds; `undefined` where neither is told. */
export function readMemory(read: ReadText): MemoryFigures | undefined {
  const machine = readMachine(read)
  const group = readGroup(read)
  // The group above all others has none, or one that is larger than the machine.
  if (group === undefined || (machine && group.limitBytes > machine.limitBytes)) return machine
  const { limitBytes } = group
  const availableBytes = Math.min(group.availableBytes, machine?.availableBytes ?? Infinity)
  return { limitBytes, availableBytes }
}

/** How many processes the kernel has ended because memory had run out. */
export function readKills(read: ReadText): number | undefined {
  const group = read(`${V2}/memory.events`) ?? read(`${V1}/memory.oom_control`)
  return figure(group, 'oom_kill') ?? figure(read('/proc/vmstat'), 'oom_kill')
}

/** What a process has in memory; 0 when it is gone. */
export function readResidentBytes(read: ReadText, pid: number): number {
  return (figure(read(`/proc/${pid}/status`), 'VmRSS:') ?? 0) * KIB
}

/** What a process has for itself: not what it shares with others, such as programs. */
export function readPrivateBytes(read: ReadText, pid: number): number {
  return (figure(read(`/proc/${pid}/status`), 'RssAnon:') ?? 0) * KIB
}

function readMachine(read: ReadText): MemoryFigures | undefined {
  const text = read('/proc/meminfo')
  const [total, available] = [figure(text, 'MemTotal:'), figure(text, 'MemAvailable:')]
  if (total === undefined || available === undefined) return undefined
  return { limitBytes: total * KIB, availableBytes: available * KIB }
}

function readGroup(read: ReadText): MemoryFigures | undefined {
  const isV2 = read(`${V2}/memory.current`) !== undefined
  const limit = read(isV2 ? `${V2}/memory.max` : `${V1}/memory.limit_in_bytes`)
  const used = read(isV2 ? `${V2}/memory.current` : `${V1}/memory.usage_in_bytes`)
  const stat = read(isV2 ? `${V2}/memory.stat` : `${V1}/memory.stat`)
  const limitBytes = Number(limit ?? NaN)
  if (used === undefined || !Number.isFinite(limitBytes)) return undefined
  // Copies of files are given up before a process is ended.
  const names = isV2
    ? ['active_file', 'inactive_file', 'slab_reclaimable']
    : ['total_active_file', 'total_inactive_file']
  const cached = names.reduce((sum, name) => sum + (figure(stat, name) ?? 0), 0)
  return { limitBytes, availableBytes: Math.max(0, limitBytes - Number(used) + cached) }
}

/** Of a line that begins with the name. */
function figure(text: string | undefined, name: string): number | undefined {
  for (const line of text?.split('\n') ?? []) {
    const [key, value] = line.split(/\s+/)
    if (key === name) return Number(value)
  }
  return undefined
}
