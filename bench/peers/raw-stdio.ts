/** The floor: the client speaks to the process itself, with nothing between. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { RAW_STDIO } from './names.ts'
import { CallFailed, type Peer, type RunningPeer, type Session, type Target } from './peer.ts'

const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'hearth-bench', version: '1.0.0' },
}

export const rawStdio: Peer = {
  name: RAW_STDIO,
  version: '',
  isolation: 'process per session',
  role: 'floor',
  start: async (target) => startRaw(target),
}

function startRaw(target: Target): RunningPeer {
  const children = new Set<ChildProcessWithoutNullStreams>()
  const end = async (child: ChildProcessWithoutNullStreams): Promise<void> => {
    if (!children.delete(child) || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return {
    pids: () => [...children].flatMap((child) => child.pid ?? []),
    openSession: async () => {
      const child = spawn(target.command, target.args, { stdio: 'pipe' })
      children.add(child)
      child.stderr.resume()
      const session = speak(child, () => end(child))
      await session.request('initialize', INITIALIZE)
      child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
      return session
    },
    stop: async () => {
      await Promise.all([...children].map(end))
    },
  }
}

type Settle = (message: { result?: Record<string, unknown>; error?: unknown }) => void

function speak(child: ChildProcessWithoutNullStreams, close: () => Promise<void>): Session {
  const waiting = new Map<number, Settle>()
  let lastId = 0
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line)
    if (message.method === undefined) waiting.get(message.id)?.(message)
  })
  child.on('exit', () => waiting.forEach((settle) => settle({ error: 'the process ended' })))
  child.stdin.on('error', () => {})
  return {
    request: (method, params) =>
      new Promise((resolve, reject) => {
        const id = ++lastId
        waiting.set(id, ({ result, error }) => {
          waiting.delete(id)
          if (result) resolve(result)
          else reject(new CallFailed(0, JSON.stringify(error)))
        })
        child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
      }),
    close,
  }
}
