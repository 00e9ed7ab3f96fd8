/** FastMCP's proxy of a configuration file: one process that all callers share, behind a token. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, startProgram } from '../program.ts'
import { runningPeer } from './http-peer.ts'
import { BENCH_FOLDER } from './installed.ts'
import type { Peer, RunningPeer, Target } from './peer.ts'
import { installEnvironment, programOf, versionOf } from './python.ts'

const ENVIRONMENT = 'fastmcp'

export const fastMCP: Peer = {
  name: 'FastMCP proxy',
  version: versionOf(ENVIRONMENT, 'fastmcp'),
  isolation: 'one process',
  role: 'gateway',
  install: () => installEnvironment(ENVIRONMENT),
  start: startFastMCP,
}

async function startFastMCP({ name, command, args }: Target): Promise<RunningPeer> {
  const folder = mkdtempSync(join(tmpdir(), 'fastmcp-bench-'))
  const config = join(folder, 'mcp.json')
  writeFileSync(config, JSON.stringify({ mcpServers: { [name]: { command, args } } }))
  const token = randomBytes(32).toString('hex')
  const port = await freePort()
  const script = join(BENCH_FOLDER, 'fixtures/fastmcp-proxy.py')
  const python = programOf(ENVIRONMENT, 'python')
  const program = startProgram(python, [script, config, token, `${port}`], folder)
  const discard = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    await program.listening(port)
    const url = `http://127.0.0.1:${port}/mcp`
    const running = runningPeer(program, { url, token, modern: false })
    return { ...running, stop: () => running.stop().finally(discard) }
  } catch (error) {
    await program.stop()
    discard()
    throw error
  }
}
