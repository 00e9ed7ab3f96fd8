/**
 * The floors for what stands behind a Worker, with no process. The bare Worker answers by itself.
 * The bare object is Hearth's own way: Worker, Durable Object, one WebSocket to a Node process.
 */
import { createRequire } from 'node:module'
import { freePort, startProgram } from '../program.ts'
import { runningPeer } from './http-peer.ts'
import { BARE_OBJECT } from './names.ts'
import type { Peer, RunningPeer } from './peer.ts'

const FIXTURES = new URL('../fixtures/', import.meta.url).pathname

export const bareWorker: Peer = {
  name: 'bare Worker',
  version: '',
  isolation: 'none',
  role: 'floor',
  start: () => startWorkerd('bare-worker.capnp', []),
}

export const bareObject: Peer = {
  name: BARE_OBJECT,
  version: '',
  isolation: 'none',
  role: 'floor',
  start: startBareObject,
}

async function startBareObject(): Promise<RunningPeer> {
  const host = startProgram(process.execPath, ['bare-host.mjs'], FIXTURES)
  try {
    const hostAddress = `127.0.0.1:${await host.firstLine}`
    const running = await startWorkerd('bare-object.capnp', [`--external-addr=host=${hostAddress}`])
    return {
      ...running,
      pids: () => [...running.pids(), host.pid],
      stop: () => running.stop().finally(() => host.stop()),
    }
  } catch (error) {
    await host.stop()
    throw error
  }
}

async function startWorkerd(config: string, options: string[]): Promise<RunningPeer> {
  const port = await freePort()
  const workerd: string = createRequire(import.meta.url)('workerd').default
  const args = ['serve', config, `--socket-addr=http=127.0.0.1:${port}`, ...options]
  const program = startProgram(workerd, args, FIXTURES)
  await program.listening(port)
  return runningPeer(program, { url: `http://127.0.0.1:${port}/`, modern: false })
}
