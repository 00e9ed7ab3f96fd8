/** Starts the programs that are measured, and leaves none of them behind. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { processTree } from './process-tree.ts'

const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 12_000
const KEPT_OUTPUT_CHARACTERS = 4_000

export interface Program {
  pid: number
  /** The first line on standard output; rejects when the program ends before one came. */
  firstLine: Promise<string>
  /** SIGTERM, then SIGKILL for whatever of the tree is left. Never rejects. */
  stop(): Promise<void>
  /** Resolves when the port takes connections; rejects when the program ends first. */
  listening(port: number): Promise<void>
}

/** `env` is added to what this process has. */
export function startProgram(
  command: string,
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Program {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = keepOutput(child)
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`${command} ${args.join(' ')} exited with ${code}: ${output()}`)
  })
  failed.catch(() => {})
  const { pid } = child
  if (pid === undefined) throw new Error(`${command} could not be started`)
  const withDeadline = <T>(ready: Promise<T>): Promise<T> =>
    Promise.race([ready, failed, expire(() => `${command} was not ready: ${output()}`)])
  const firstLine = withDeadline(readFirstLine(child))
  firstLine.catch(() => {})
  return {
    pid,
    firstLine,
    listening: (port) => withDeadline(acceptsConnections(port)),
    stop: () => stopTree(child, pid),
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function stopTree(child: ChildProcess, pid: number): Promise<void> {
  const tree = processTree([pid])
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await Promise.race([exited, delay(STOP_TIMEOUT_MS, undefined, { ref: false })])
  }
  for (const one of tree) killQuietly(one)
}

/** The pid may be gone already, which is what is wanted. */
function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function keepOutput(child: ChildProcess): () => string {
  let kept = ''
  const keep = (chunk: Buffer): void => {
    kept = (kept + chunk.toString()).slice(-KEPT_OUTPUT_CHARACTERS)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return () => kept
}

function readFirstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const read = (chunk: Buffer): void => {
      text += chunk.toString()
      const end = text.indexOf('\n')
      if (end < 0) return
      child.stdout?.off('data', read)
      resolve(text.slice(0, end))
    }
    child.stdout?.on('data', read)
  })
}

async function acceptsConnections(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (connected) return
    await delay(20)
  }
}

async function expire(message: () => string): Promise<never> {
  await delay(READY_TIMEOUT_MS, undefined, { ref: false })
  throw new Error(message())
}
