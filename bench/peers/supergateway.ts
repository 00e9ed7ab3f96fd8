/** supergateway, with its defaults, in both of its Streamable HTTP modes. */
import { freePort, startProgram } from '../program.ts'
import { runningPeer } from './http-peer.ts'
import { BENCH_FOLDER, installedVersion, installPackages } from './installed.ts'
import type { Peer, RunningPeer, Target } from './peer.ts'

export const supergatewayStateful: Peer = {
  name: 'supergateway',
  version: installedVersion('supergateway'),
  isolation: 'process per session',
  role: 'peer',
  install: installPackages,
  start: (target) => startSupergateway(target, ['--stateful']),
}

export const supergatewayStateless: Peer = {
  name: 'supergateway stateless',
  version: installedVersion('supergateway'),
  isolation: 'process per request',
  role: 'peer',
  install: installPackages,
  start: (target) => startSupergateway(target, []),
}

async function startSupergateway(target: Target, mode: string[]): Promise<RunningPeer> {
  const port = await freePort()
  const command = [target.command, ...target.args].map((word) => `"${word}"`).join(' ')
  const args = [
    'node_modules/supergateway/dist/index.js',
    ...['--stdio', command, '--outputTransport', 'streamableHttp', ...mode],
    ...['--port', `${port}`, '--logLevel', 'none'],
  ]
  const program = startProgram(process.execPath, args, BENCH_FOLDER)
  await program.listening(port)
  return runningPeer(program, { url: `http://127.0.0.1:${port}/mcp`, modern: true })
}
