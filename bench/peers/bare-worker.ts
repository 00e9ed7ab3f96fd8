/** The floor for anything behind a Worker: workerd that answers by itself, with no process. */
import { createRequire } from 'node:module'
import { freePort, startProgram } from '../program.ts'
import { runningPeer } from './http-peer.ts'
import type { Peer, RunningPeer } from './peer.ts'

const FIXTURES = new URL('../fixtures/', import.meta.url).pathname

export const bareWorker: Peer = {
  name: 'bare Worker',
  version: '',
  isolation: 'none',
  role: 'floor',
  start: startBareWorker,
}

async function startBareWorker(): Promise<RunningPeer> {
  const port = await freePort()
  const workerd: string = createRequire(import.meta.url)('workerd').default
  const args = ['serve', 'bare-worker.capnp', `--socket-addr=http=127.0.0.1:${port}`]
  const program = startProgram(workerd, args, FIXTURES)
  await program.listening(port)
  return runningPeer(program, { url: `http://127.0.0.1:${port}/`, modern: false })
}
