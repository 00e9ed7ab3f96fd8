/**
 * What a process has started, and what that has started: also those that left its group and session, as
 * long as their parents live. Where the system has no `/proc`, none is found.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** More are not looked for. */
const MAX_DESCENDANTS = 1_000

/** A number alone may be somebody else's by the time it is used. */
export interface Descendant {
  pid: number
  /** Of its process group. */
  group: number
  startedAt: string
}

export function descendantsOf(pid: number | undefined): Descendant[] {
  const found: Descendant[] = []
  const parents = pid === undefined ? [] : [pid]
  for (const parent of parents) {
    for (const child of childrenOf(parent)) {
      const known = read(child)
      if (known === undefined) continue
      if (found.length >= MAX_DESCENDANTS) return found
      found.push(known)
      parents.push(child)
    }
  }
  return found
}

/** Those of them that are still there end. */
export function killDescendants(descendants: readonly Descendant[]): void {
  for (const descendant of descendants) {
    if (!isThere(descendant)) continue
    try {
      process.kill(descendant.pid, 'SIGKILL')
    } catch {
      // ESRCH: it has just ended.
    }
  }
}

export function isThere({ pid, startedAt }: Descendant): boolean {
  return read(pid)?.startedAt === startedAt
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
        .split(' ')
        .filter((child) => child !== '')
        .map(Number),
    )
  } catch {
    return [] // it has ended
  }
}

function read(pid: number): Descendant | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // From the third field on; the second, the name, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { pid, group: Number(fields[2]), startedAt: fields[19] ?? '' }
  } catch {
    return undefined
  }
}
