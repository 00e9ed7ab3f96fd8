/** One life of workerd, from spawn to its sockets. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { keptEnvironment } from './host-environment.ts'
import { guardAgainstOrphans } from './orphan-guard.ts'

export interface WorkerdBirth {
  /** An open file with the configuration: its text holds secrets, and needs no name. */
  configFile: number
  /** Where each socket of the configuration listens: `address:port`. */
  addresses: Record<string, string>
  onLine: (level: string, text: string) => void
  signal: AbortSignal
}

export interface LivingWorkerd {
  child: ChildProcess
  /** By the name of the socket. */
  ports: Record<string, number>
  /** Settled when the process is gone. */
  ended: Promise<void>
}

const START_MS = 30_000

/** Descriptors of the child: the configuration's file, and where it tells of its sockets. */
const CONFIG_FD = 0
const CONTROL_FD = 3

/** What it says of its own making, and of what the worker is told as well. */
const NOISE =
  /\$LLVM_SYMBOLIZER is not set|took recursive isolate lock|CODE_MOVED for unknown code block|failed to lookup address information|^stack:( [a-f\d]{1,16})+$/

/** The path of its program. */
const program: string = createRequire(import.meta.url)('workerd').default

/** Throws when it ends before all sockets listen; no process is left then. */
export async function startWorkerdProcess(birth: WorkerdBirth): Promise<LivingWorkerd> {
  const { configFile, addresses, onLine } = birth
  const sockets = Object.entries(addresses).map(([name, at]) => `--socket-addr=${name}=${at}`)
  const control = `--control-fd=${CONTROL_FD}`
  const child = spawn(program, ['serve', ...sockets, control, `/dev/fd/${CONFIG_FD}`], {
    env: { ...keptEnvironment(process.env), TZ: 'UTC' },
    stdio: [configFile, 'pipe', 'pipe', 'pipe'],
    // A terminal's Ctrl-C is for us: calls in flight end first.
    detached: process.platform !== 'win32',
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  void ended.then(guardAgainstOrphans(child))
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => hear(line, onLine))
  }
  try {
    return { child, ended, ports: await readPorts(child, ended, birth) }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

/** Of the worker's console and its own log it writes JSON; of a crash, text. */
function hear(line: string, onLine: WorkerdBirth['onLine']): void {
  const { level, message } = parseLine(line)
  if (message !== '' && !NOISE.test(message)) onLine(level, message)
}

function parseLine(line: string): { level: string; message: string } {
  if (line.startsWith('{')) {
    try {
      const { level, message } = JSON.parse(line) as Record<string, unknown>
      if (typeof level === 'string' && typeof message === 'string') return { level, message }
    } catch {
      // text that only looks like it
    }
  }
  return { level: line.startsWith('*** ') ? 'error' : 'info', message: line }
}

function readPorts(child: ChildProcess, ended: Promise<void>, { addresses, signal }: WorkerdBirth) {
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, number>>()
  const deadline = AbortSignal.any([AbortSignal.timeout(START_MS), signal])
  const onAbort = (): void => reject(new Error('it did not begin to listen in time'))
  deadline.addEventListener('abort', onAbort, { once: true })
  void ended.then(() =>
    reject(new Error(`it ended with code ${child.exitCode ?? child.signalCode}`)),
  )
  child.once('error', reject)
  const ports: Record<string, number> = {}
  createInterface({ input: child.stdio[CONTROL_FD] as Readable }).on('line', (line) => {
    const { event, socket, port } = JSON.parse(line) as Record<string, unknown>
    if (event !== 'listen' || typeof socket !== 'string' || typeof port !== 'number') return
    ports[socket] = port
    if (Object.keys(addresses).every((name) => name in ports)) resolve(ports)
  })
  return promise.finally(() => deadline.removeEventListener('abort', onAbort))
}
