/** Waiting for what the operating system does, with a deadline. */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** A zombie counts as gone: it runs nothing. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z'
  } catch {
    return false
  }
}

/** Rejects when the process still runs after the deadline. */
export async function waitUntilGone(pid: number, deadlineMs = 10_000): Promise<void> {
  await waitUntil(() => !isRunning(pid), `process ${pid} still runs`, deadlineMs)
}

/** For what announces itself by no event: asks again every few milliseconds. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  failure: string,
  deadlineMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${failure} after ${deadlineMs} ms`)
    await delay(10)
  }
}

/** The running children of a process whose command line contains the text. */
export function childrenOf(pid: number, text: string): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return children
    .split(' ')
    .filter((child) => child !== '' && commandLine(child).includes(text))
    .map(Number)
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
