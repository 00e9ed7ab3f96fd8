/** A server that listens, as a process of its own: started, stopped, and started again on its port. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

const READY_TIMEOUT_MS = 20_000

export interface ChildServer {
  port: number
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** After `kill`: the same on the same port, knowing nothing. */
  start(): Promise<void>
}

/** `readyText`: what it prints on either output once it listens. It gets its port as `PORT`. */
export async function startChildServer(
  args: string[],
  readyText: string,
  env: Record<string, string> = {},
): Promise<ChildServer> {
  const port = await freePort()
  let child: ChildProcess | undefined
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, args, {
      env: { ...process.env, ...env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    await readyOf(child, readyText)
  }
  await start()
  return {
    port,
    start,
    kill: async () => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  server.close()
  await once(server, 'close')
  return port
}

async function readyOf(child: ChildProcess, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let seen = ''
  const onData = (chunk: Buffer): void => {
    seen = (seen + chunk.toString()).slice(-4_096)
    if (seen.includes(text)) resolve()
  }
  child.stdout?.on('data', onData)
  child.stderr?.on('data', onData)
  child.once('exit', () => reject(new Error(`it ended before it listened: ${seen}`)))
  const late = setTimeout(() => reject(new Error(`it does not listen: ${seen}`)), READY_TIMEOUT_MS)
  await promise.finally(() => clearTimeout(late))
}
