/** One life of the host program, from spawn to its first line, which says the port. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { z } from 'zod'

export interface Birth {
  /** The file of the host program. */
  program: string
  environment: Record<string, string>
  /** What is asked of whoever dials it. Its environment could be read by the servers beside it. */
  token: string
  /** 0 = any free port. */
  port: number
  /** What it prints after its first line. */
  onLine: (level: string, text: string) => void
  signal: AbortSignal
}

export interface LivingHost {
  child: ChildProcess
  pid: number
  port: number
  /** Settled when the process is gone. */
  ended: Promise<void>
}

const Listening = z.looseObject({
  event: z.literal('listening'),
  port: z.int().min(1),
  pid: z.int().min(1),
})

const START_MS = 30_000

/** Throws when the program ends, or says nothing, before it listens; no process is left then. */
export async function startHost(birth: Birth): Promise<LivingHost> {
  const child = spawn(process.execPath, [birth.program], {
    env: { ...birth.environment, PORT: String(birth.port), HEARTH_PARENT_PIPE: '1' },
    // Its standard input ends with this process: then it ends itself and its children.
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  child.stdin.on('error', () => {}) // it died first; `ended` tells
  child.stdin.write(`${birth.token}\n`)
  const stderr = createInterface({ input: child.stderr })
  stderr.on('line', (line) => birth.onLine('error', line))
  try {
    const { pid, port } = await readFirstLine(child, ended, birth)
    return { child, pid, port, ended }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

function readFirstLine(child: ChildProcess, ended: Promise<void>, birth: Birth) {
  const { promise, resolve, reject } = Promise.withResolvers<z.infer<typeof Listening>>()
  const deadline = AbortSignal.any([AbortSignal.timeout(START_MS), birth.signal])
  const onAbort = (): void => reject(new Error('it did not begin to listen in time'))
  deadline.addEventListener('abort', onAbort, { once: true })
  void ended.then(() =>
    reject(new Error(`it ended with code ${child.exitCode ?? child.signalCode}`)),
  )
  child.once('error', reject)
  if (child.stdout === null) throw new TypeError('the host program has no standard output')
  let listening = false
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (listening) return birth.onLine('info', line)
    const parsed = Listening.safeParse(parseJSON(line))
    if (!parsed.success) return birth.onLine('info', line)
    listening = true
    resolve(parsed.data)
  })
  return promise.finally(() => deadline.removeEventListener('abort', onAbort))
}

function parseJSON(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined // a line of text, not the one that is waited for
  }
}
