/** What processes hold of the machine's memory. */
import { readFileSync } from 'node:fs'
import { childrenOf } from './processes.ts'

/** Resident bytes; 0 for a process that is gone. */
export function residentBytes(pid: number): number {
  try {
    const [, kilobytes] =
      /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kilobytes ?? 0) * 1024
  } catch {
    return 0
  }
}

/** The workerd that this test process started. */
export function workerdPid(): number {
  const [pid] = childrenOf(process.pid, 'workerd')
  if (pid === undefined) throw new Error('there is no workerd')
  return pid
}
