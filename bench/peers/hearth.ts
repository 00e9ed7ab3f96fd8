/** Hearth as its users start it, with one server. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyPolicies } from '../policies.ts'
import { freePort, startProgram } from '../program.ts'
import { runningPeer } from './http-peer.ts'
import { BENCH_FOLDER } from './installed.ts'
import { POLICIES } from './names.ts'
import type { Peer, RunningPeer, Target } from './peer.ts'

const PROJECT = join(BENCH_FOLDER, '..')

export const hearth: Peer = {
  name: 'Hearth',
  version: JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')).version,
  isolation: 'process per session',
  role: 'subject',
  start: (target) => startHearth(target),
}

/** The same with scopes, limits of every kind and quotas on each call. */
export const hearthWithPolicies: Peer = {
  ...hearth,
  name: `${hearth.name}${POLICIES}`,
  role: 'variant',
  start: (target) => startHearth(target, { authorize: applyPolicies }),
}

/** The same by the URL of all servers as one. */
export const hearthCatalog: Peer = {
  ...hearth,
  name: `${hearth.name}, /mcp`,
  role: 'variant',
  start: (target) => startHearth(target, { catalogURL: (origin) => `${origin}/mcp` }),
}

interface Ready {
  url: string
  token: string
  servers: { name: string; url: string }[]
}

export interface HearthSetup {
  /** Where its source is; absent: here. */
  project?: string
  /** Beside what this process has. */
  env?: Record<string, string>
  /** Hearth's own keys of the server's configuration. */
  options?: Record<string, unknown>
  /** Gives another token than the first. */
  authorize?(origin: string, dataFolder: string): Promise<string>
  /** Called in the place of the server's own. */
  catalogURL?(origin: string): string
}

export async function startHearth(target: Target, setup: HearthSetup = {}): Promise<RunningPeer> {
  const { project = PROJECT, env, options, authorize, catalogURL } = setup
  const folder = mkdtempSync(join(tmpdir(), 'hearth-bench-'))
  const config = join(folder, 'mcp.json')
  const server = { command: target.command, args: target.args, ...options }
  writeFileSync(config, JSON.stringify({ mcpServers: { [target.name]: server } }))
  const port = `${await freePort()}`
  const data = join(folder, 'data')
  const args = [
    ...['cli/bootstrap.mjs', 'cli/main.ts', 'up', '--json', '--config', config],
    ...['--port', port, '--data', data, '--log-level', 'warn'],
  ]
  const program = startProgram(process.execPath, args, project, env)
  const discard = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    const ready = JSON.parse(await program.firstLine) as Ready
    const url = ready.servers.find((one) => one.name === target.name)?.url
    if (url === undefined) throw new Error('Hearth does not list the server')
    const token = (await authorize?.(ready.url, data)) ?? ready.token
    const endpoint =
      catalogURL === undefined
        ? { url, token, modern: true }
        : { url: catalogURL(ready.url), token, modern: true, toolPrefix: `${target.name}__` }
    const running = runningPeer(program, endpoint)
    return { ...running, stop: () => running.stop().finally(discard) }
  } catch (error) {
    await program.stop()
    discard()
    throw error
  }
}
