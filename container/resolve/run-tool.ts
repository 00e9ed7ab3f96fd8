import type { Readable } from 'node:stream'
import { toolReason } from './tool-reason.ts'
import { RingBuffer } from '../console/ring-buffer.ts'
import { LineSplitter } from '../stdio/framing.ts'
import { spawnProgram, StartError } from '../supervisor/spawn.ts'
import type { Program } from '../supervisor/spawn.ts'
import { signalGroup } from '../supervisor/terminate.ts'

const DEADLINE_MS = 300_000

/** What is kept of what the tool printed last. */
const MAX_TAIL_BYTES = 16 * 1024

/** Runs a package manager to its end. Rejects with `StartError`, which says why it failed. */
export async function runTool(task: string, program: Program): Promise<void> {
  const child = await spawnProgram(program)
  const tail = new RingBuffer<string>(MAX_TAIL_BYTES, MAX_TAIL_BYTES)
  for (const stream of [child.stdout, child.stderr]) keepLines(stream, tail)
  child.stdin.on('error', () => undefined).end()
  const deadline = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), DEADLINE_MS)
  const stop = (): void => signalGroup(child.pid, 'SIGKILL')
  process.once('exit', stop)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  process.off('exit', stop)
  clearTimeout(deadline)
  const output = tail.toArray()
  if (code !== 0) throw new StartError(`${task} failed: ${toolReason(output)}`, output)
}

/** From their beginning: the rest of a line could be the rest of a secret, which nobody would know. */
function keepLines(stream: Readable, tail: RingBuffer<string>): void {
  const keep = (line: Buffer): void => {
    if (line.length > 0) tail.push(line.toString('utf8'), line.length)
  }
  const lines = new LineSplitter(MAX_TAIL_BYTES, { onLine: keep, onOversize: keep })
  stream.on('data', (chunk: Buffer) => lines.push(chunk))
  stream.on('end', () => lines.flush())
}
