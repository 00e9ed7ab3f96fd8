import type { ChildProcess } from 'node:child_process'
import { descendantsOf, killDescendants } from './descendants.ts'

export interface Grace {
  /** From the end of its input to SIGTERM. Milliseconds. */
  closeMs: number
  /** From SIGTERM to SIGKILL. Milliseconds. */
  termMs: number
}

export const GRACE: Grace = { closeMs: 500, termMs: 2_000 }

/** When everything ends at once, a closed input and SIGTERM come together. */
export const SHUTDOWN_GRACE: Grace = { closeMs: 0, termMs: 2_000 }

/**
 * Ends a process, its whole group, and what it has started that has left the group. Resolves when the
 * process is gone; never rejects.
 */
export async function terminate(child: ChildProcess, grace: Grace): Promise<void> {
  const exited = waitForExit(child)
  // Once it is gone, nobody can tell whose they were.
  const started = descendantsOf(child.pid)
  child.stdin?.end()
  if (!(await isWithin(exited, grace.closeMs))) {
    started.push(...descendantsOf(child.pid))
    signalGroup(child.pid, 'SIGTERM')
    if (!(await isWithin(exited, grace.termMs))) {
      started.push(...descendantsOf(child.pid))
      signalGroup(child.pid, 'SIGKILL')
      await exited
    }
  }
  killDescendants(started)
}

/** To the group of which the process is the leader; one that is gone already is left alone. */
export function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // ESRCH: nobody is left in the group.
  }
}

function waitForExit(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => child.once('exit', () => resolve()))
}

async function isWithin(exited: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false)
  })
  try {
    return await Promise.race([exited.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
