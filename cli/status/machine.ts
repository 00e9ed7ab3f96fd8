/** What a gateway of this machine takes of it: read where the kernel tells, as Linux does in /proc. */
import { readdirSync, readFileSync } from 'node:fs'

const KIB = 1024
/** Processes of one machine that are looked at. */
const MAX_PROCESSES = 100_000

export interface MachineMemory {
  /** Of Hearth, its host program and every server; memory that several share is counted once. */
  usedBytes?: number
  /** What new processes can have. */
  freeBytes: number
}

/** `pid`: of `hearth up`. */
export function readMachineMemory(pid: number): MachineMemory {
  const freeBytes = process.availableMemory()
  const usedBytes = readTree(pid).reduce((sum, one) => sum + readProportionalBytes(one), 0)
  return { freeBytes, ...(usedBytes > 0 && { usedBytes }) }
}

/** A process and all that descends from it. */
function readTree(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const one of listProcesses()) {
    // The name of a program, in parentheses, may have any character in it.
    const [, parent] = /\) \S+ (\d+) [^)]*$/s.exec(read(`/proc/${one}/stat`)) ?? []
    if (parent === undefined) continue
    const siblings = children.get(Number(parent)) ?? []
    children.set(Number(parent), [...siblings, one])
  }
  const tree = [pid]
  for (const one of tree) tree.push(...(children.get(one) ?? []))
  return tree
}

function listProcesses(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .slice(0, MAX_PROCESSES)
      .map(Number)
  } catch {
    return [] // another system
  }
}

/** Its own memory, and its part of what it shares. 0 when it is gone, or another user's. */
function readProportionalBytes(pid: number): number {
  const [, kib = '0'] = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`)) ?? []
  return Number(kib) * KIB
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
