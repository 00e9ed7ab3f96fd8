/** The sampling profiler of a V8, asked over its inspector. */
import { setTimeout as delay } from 'node:timers/promises'

/** Between samples. Microseconds. */
export const INTERVAL_US = 250
const READY_TIMEOUT_MS = 10_000

/** As the inspector's protocol has it, and no more than is read. */
export interface CPUProfile {
  nodes: ProfileNode[]
  /** Ids of nodes, one for each sample. */
  samples: number[]
  /** Microseconds before each sample. */
  timeDeltas: number[]
}

export interface ProfileNode {
  id: number
  children?: number[]
  callFrame: { functionName: string; url: string; lineNumber: number }
}

export interface Profiler {
  start(): Promise<void>
  stop(): Promise<CPUProfile>
  close(): void
}

/** `port` is the inspector's; `isWanted` picks a target by its address. */
export async function connectProfiler(
  port: number,
  isWanted: (url: string) => boolean = () => true,
): Promise<Profiler> {
  const socket = new WebSocket(await findTarget(port, isWanted))
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('the inspector does not answer')))
  })
  const send = createSender(socket)
  await send('Profiler.enable')
  await send('Profiler.setSamplingInterval', { interval: INTERVAL_US })
  return {
    start: async () => void (await send('Profiler.start')),
    stop: async () => (await send('Profiler.stop')).profile as CPUProfile,
    close: () => socket.close(),
  }
}

async function findTarget(port: number, isWanted: (url: string) => boolean): Promise<string> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  while (performance.now() < deadline) {
    const response = await fetch(`http://127.0.0.1:${port}/json`).catch(() => undefined)
    const targets = ((await response?.json()) ?? []) as { webSocketDebuggerUrl: string }[]
    const urls = targets.map(({ webSocketDebuggerUrl }) => webSocketDebuggerUrl)
    const url = urls.find(isWanted)
    if (url !== undefined) return url
    await delay(100)
  }
  throw new Error(`no inspector at port ${port}`)
}

type Answer = Record<string, unknown>

function createSender(socket: WebSocket): (method: string, params?: object) => Promise<Answer> {
  const waiting = new Map<number, (message: { result?: Answer; error?: unknown }) => void>()
  let lastId = 0
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data))
    waiting.get(message.id)?.(message)
  })
  return (method, params = {}) =>
    new Promise((resolve, reject) => {
      const id = ++lastId
      waiting.set(id, ({ result = {}, error }) => {
        waiting.delete(id)
        if (error === undefined) resolve(result)
        else reject(new Error(`${method}: ${JSON.stringify(error)}`))
      })
      socket.send(JSON.stringify({ id, method, params }))
    })
}
