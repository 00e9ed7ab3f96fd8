import { spawnProgram, StartError } from '../supervisor/spawn.ts'
import type { Program } from '../supervisor/spawn.ts'
import { signalGroup } from '../supervisor/terminate.ts'

const DEADLINE_MS = 300_000

/** What is kept of what the tool printed last. */
const MAX_TAIL_BYTES = 4 * 1024

/** Runs a package manager to its end. Rejects with `StartError`, which tells its last words. */
export async function runTool(task: string, program: Program): Promise<void> {
  const child = await spawnProgram(program)
  let tail = ''
  const keep = (chunk: Buffer): void => {
    tail = (tail + chunk.toString('utf8')).slice(-MAX_TAIL_BYTES)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  child.stdin.on('error', () => undefined).end()
  const deadline = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), DEADLINE_MS)
  const stop = (): void => signalGroup(child.pid, 'SIGKILL')
  process.once('exit', stop)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  process.off('exit', stop)
  clearTimeout(deadline)
  if (code !== 0) throw new StartError(`${task} failed: ${lastLine(tail)}`)
}

function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const telling = lines.findLast((line) => /error|not found|no such/i.test(line)) ?? lines.at(-1)
  return (telling ?? 'no output').trim().slice(0, 300)
}
