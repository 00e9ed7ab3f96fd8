import { spawn, type ChildProcess } from 'node:child_process'

/**
 * Ends `child` when this process dies without a chance to do it, as after SIGKILL: a left-over
 * workerd would keep the port and the storage. A shell waits on a pipe that closes with us.
 * Returns what takes the guard away.
 */
export function guardAgainstOrphans(child: ChildProcess): () => void {
  if (process.platform === 'win32' || child.pid === undefined) return () => {}
  const guard = spawn('/bin/sh', ['-c', 'read -r _; kill -KILL "$0"', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
    // A terminal's Ctrl-C is not for it.
    detached: true,
  })
  guard.on('error', () => {}) // without a guard all else still works
  guard.stdin?.on('error', () => {}) // it died first
  guard.unref()
  return () => {
    guard.kill('SIGKILL')
  }
}
