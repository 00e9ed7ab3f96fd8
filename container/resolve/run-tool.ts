import type { Readable } from 'node:stream'
import { toolReason } from './tool-reason.ts'
import { RingBuffer } from '../console/ring-buffer.ts'
import { LineSplitter } from '../stdio/framing.ts'
import { watchForStall, type StallBounds } from './stall.ts'
import { spawnProgram, StartError } from '../supervisor/spawn.ts'
import type { Program } from '../supervisor/spawn.ts'
import { signalGroup } from '../supervisor/terminate.ts'

/** What is kept of what the tool printed last. */
const MAX_TAIL_BYTES = 16 * 1024

/**
 * Runs a package manager to its end, which is far while it gets on. Rejects with
 * `StartError`, which says why it failed.
 */
export async function runTool(task: string, program: Program, bounds?: StallBounds): Promise<void> {
  const child = await spawnProgram(program)
  const tail = new RingBuffer<string>(MAX_TAIL_BYTES, MAX_TAIL_BYTES)
  let hasStalled = false
  const onStall = (): void => {
    hasStalled = true
    signalGroup(child.pid, 'SIGKILL')
  }
  const watch = watchForStall(child.pid, onStall, bounds)
  for (const stream of [child.stdout, child.stderr]) {
    keepLines(stream, tail)
    stream.on('data', () => watch.note())
  }
  child.stdin.on('error', () => undefined).end()
  const stop = (): void => signalGroup(child.pid, 'SIGKILL')
  process.once('exit', stop)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  process.off('exit', stop)
  watch.stop()
  const output = tail.toArray()
  if (hasStalled) {
    const how = `${task} did nothing, or took too long, and was ended: can the registry be reached?`
    throw new StartError(how, output)
  }
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
