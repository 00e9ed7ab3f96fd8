/** ContextForge as a user of PyPI starts it: its bridge before the stdio server, its gateway before that. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, startProgram, type Program } from '../program.ts'
import { runningPeer } from './http-peer.ts'
import type { Peer, RunningPeer, Target } from './peer.ts'
import { installEnvironment, programOf, versionOf } from './python.ts'

const ENVIRONMENT = 'contextforge'
const ADMIN = 'admin@example.com'
const TOKEN_MINUTES = '1440'

export const contextForge: Peer = {
  name: 'ContextForge',
  version: versionOf(ENVIRONMENT, 'mcp-contextforge-gateway'),
  isolation: 'one process',
  role: 'gateway',
  install: () => installEnvironment(ENVIRONMENT),
  start: startContextForge,
}

async function startContextForge(target: Target): Promise<RunningPeer> {
  const folder = mkdtempSync(join(tmpdir(), 'contextforge-bench-'))
  const env = toEnvironment(folder)
  const python = programOf(ENVIRONMENT, 'python')
  const programs: Program[] = []
  const start = async (args: (port: string) => string[]): Promise<number> => {
    const port = await freePort()
    const program = startProgram(python, args(`${port}`), folder, env)
    programs.push(program)
    await program.listening(port)
    return port
  }
  const stop = async (): Promise<void> => {
    await Promise.all(programs.map((program) => program.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const bridge = await start((port) => toBridge(target, port))
    const gateway = await start((port) => [
      ...['-m', 'mcpgateway.cli', '--host', '127.0.0.1', '--port', port, '--no-access-log'],
    ])
    const origin = `http://127.0.0.1:${gateway}`
    const token = makeToken(python, folder, env)
    await register(origin, token, { name: target.name, url: `http://127.0.0.1:${bridge}/mcp` })
    const endpoint = { url: `${origin}/mcp`, token, modern: false, toolPrefix: `${target.name}-` }
    const [, main] = programs
    if (main === undefined) throw new Error('the gateway was not started')
    const running = runningPeer(main, endpoint)
    return {
      ...running,
      pids: () => programs.map(({ pid }) => pid),
      stop: () => running.stop().finally(stop),
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Its own limits are off, as it would refuse most calls; secrets that it does not start without are made. */
function toEnvironment(folder: string): Record<string, string> {
  const secret = (): string => `aA1!${randomBytes(32).toString('hex')}`
  return {
    DATABASE_URL: `sqlite:///${join(folder, 'gateway.db')}`,
    JWT_SECRET_KEY: secret(),
    AUTH_ENCRYPTION_SECRET: secret(),
    BASIC_AUTH_PASSWORD: secret(),
    PLATFORM_ADMIN_EMAIL: ADMIN,
    PLATFORM_ADMIN_PASSWORD: secret(),
    DEFAULT_USER_PASSWORD: secret(),
    AUTH_REQUIRED: 'true',
    RATE_LIMITING_ENABLED: 'false',
    SSRF_ALLOW_LOCALHOST: 'true',
    CACHE_TYPE: 'memory',
    LOG_LEVEL: 'WARNING',
  }
}

function toBridge({ command, args }: Target, port: string): string[] {
  return [
    ...['-m', 'mcpgateway.translate', '--stdio', [command, ...args].join(' ')],
    ...['--expose-streamable-http', '--port', port, '--logLevel', 'warning'],
  ]
}

function makeToken(python: string, cwd: string, env: Record<string, string>): string {
  const args = ['-m', 'mcpgateway.utils.create_jwt_token', '--username', ADMIN, '--admin']
  const options = { cwd, env: { ...process.env, ...env }, encoding: 'utf8' } as const
  const printed = execFileSync(python, [...args, '--exp', TOKEN_MINUTES], {
    ...options,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return printed.trim().split('\n').at(-1) ?? ''
}

async function register(origin: string, token: string, server: object): Promise<void> {
  const response = await fetch(`${origin}/v1/gateways`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...server, transport: 'STREAMABLEHTTP' }),
  })
  if (!response.ok) throw new Error(`ContextForge: ${response.status} ${await response.text()}`)
}
