/** What the kernel tells of a process that works: how much processor time, and bytes read and written. */
import { readFileSync } from 'node:fs'
import { descendantsOf } from './descendants.ts'

export interface ProcessTimes {
  isAsleep: boolean
  /** Of the processor, in hundredths of a second, those of children that have ended included. */
  ticks: number
}

export interface Effort {
  ticks: number
  bytes: number
}

/** `undefined` when it is gone, and where the system has no `/proc`. */
export function readTimes(pid: number): ProcessTimes | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // From the third field on; the second, the name, may hold anything.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = fields.slice(10, 14).reduce((sum, field) => sum + Number(field), 0)
    return { isAsleep: state === 'S', ticks }
  } catch {
    return undefined
  }
}

/** Of the process and all that it has started; `undefined` where it is not told. */
export function readEffort(pid: number): Effort | undefined {
  const own = readTimes(pid)
  if (own === undefined) return undefined
  const effort: Effort = { ticks: 0, bytes: 0 }
  for (const each of [pid, ...descendantsOf(pid).map((descendant) => descendant.pid)]) {
    effort.ticks += readTimes(each)?.ticks ?? 0
    effort.bytes += readBytes(each)
  }
  return effort
}

function readBytes(pid: number): number {
  try {
    const io = readFileSync(`/proc/${pid}/io`, 'utf8')
    return [...io.matchAll(/^[rw]char: (\d+)$/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    )
  } catch {
    return 0 // another user's
  }
}
