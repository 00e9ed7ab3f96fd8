/** punkpeye's mcp-proxy, with its defaults: one process that all callers share. */
import { freePort, startProgram } from '../program.ts'
import { runningPeer } from './http-peer.ts'
import { BENCH_FOLDER, installedVersion, installPackages } from './installed.ts'
import type { Peer, RunningPeer, Target } from './peer.ts'

export const mcpProxy: Peer = {
  name: 'mcp-proxy',
  version: installedVersion('mcp-proxy'),
  isolation: 'one process',
  role: 'peer',
  install: installPackages,
  start: startMCPProxy,
}

async function startMCPProxy(target: Target): Promise<RunningPeer> {
  const port = await freePort()
  const args = [
    'node_modules/mcp-proxy/dist/bin/mcp-proxy.mjs',
    ...['--port', `${port}`, '--host', '127.0.0.1', '--'],
    ...[target.command, ...target.args],
  ]
  const program = startProgram(process.execPath, args, BENCH_FOLDER)
  await program.listening(port)
  return runningPeer(program, { url: `http://127.0.0.1:${port}/mcp`, modern: true })
}
