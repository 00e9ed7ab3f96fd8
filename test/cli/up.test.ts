import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { rootFolder } from '#cli/layout.ts'
import { killTree, processTree, runHearth, type Command } from '#test/support/command.ts'
import {
  openSession,
  resumeSession,
  type Answer,
  type Session,
} from '#test/support/legacy-session.ts'
import { waitUntil, waitUntilGone } from '#test/support/processes.ts'

const SLOW = join(rootFolder, 'test', 'fixtures', 'servers', 'slow-tool.mjs')

let folder: string
let commands: Command[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-up-'))
  await configure({ slow: { command: 'node', args: [SLOW] } })
  commands = []
})

afterEach(async () => {
  await Promise.all(commands.map(killTree))
  await rm(folder, { recursive: true, force: true })
})

const configure = (mcpServers: object) =>
  writeFile(join(folder, 'mcp.json'), JSON.stringify({ mcpServers }))

function up(...args: string[]): Command {
  const defaults = ['up', '--config', join(folder, 'mcp.json'), '--data', join(folder, 'data')]
  const command = runHearth([...defaults, '--port', '0', ...args])
  commands.push(command)
  return command
}

async function statusOf(url: string, host: string): Promise<number | undefined> {
  const [response] = await once(get(url, { headers: { host } }), 'response')
  response.resume()
  return response.statusCode
}

function signal(command: Command, name: NodeJS.Signals): Promise<number | null> {
  command.child.kill(name)
  return command.exited
}

/** Resolves once the server has the call. */
async function beginCall(session: Session, ms: number): Promise<{ answer: Promise<Answer> }> {
  const began = join(folder, 'began')
  const answer = session.call('tools/call', { name: 'any', arguments: { ms, began } })
  await waitUntil(() => existsSync(began), 'the call did not reach the server')
  return { answer }
}

test('--json prints exactly one line, and what it names can be called', async () => {
  const command = up('--json')
  const { url, token, servers } = await command.ready()

  const session = await openSession(servers[0]?.url ?? '', token)
  const answer = await session.call('tools/call', { name: 'any', arguments: { ms: 0 } })
  await signal(command, 'SIGTERM')

  expect(answer).toMatchObject({ status: 200, message: { result: { content: [] } } })
  expect(servers).toEqual([{ name: 'slow', url: `${url}/mcp/slow` }])
  expect(command.stdout).toHaveLength(1)
  expect(command.stderr.join('\n')).not.toContain(token)
})

test('--public-url is what is printed, and its host name is served', async () => {
  const command = up('--json', '--public-url', 'https://mcp.example.com')
  const { url, servers } = await command.ready()
  const { url: local } = JSON.parse(await readFile(join(folder, 'data', 'endpoint.json'), 'utf8'))

  const statuses = await Promise.all(
    ['mcp.example.com', 'other.example.com'].map((host) => statusOf(`${local}/mcp/slow`, host)),
  )

  expect(url).toBe('https://mcp.example.com')
  expect(servers).toEqual([{ name: 'slow', url: 'https://mcp.example.com/mcp/slow' }])
  expect(statuses).toEqual([401, 403])
})

test('--allow-origin lets pages of that origin in, and the refusal of others names it', async () => {
  const pages = ['--allow-origin', 'https://app.example', '--allow-origin', 'http://localhost:*']
  const { url } = await up('--json', ...pages).ready()
  const preflight = (origin: string) => {
    const headers = { Origin: origin, 'Access-Control-Request-Method': 'POST' }
    return fetch(`${url}/mcp/slow`, { method: 'OPTIONS', headers })
  }

  for (const origin of ['https://app.example', 'http://localhost:5173']) {
    const { status, headers } = await preflight(origin)
    expect(status).toBe(204)
    expect(headers.get('Access-Control-Allow-Origin')).toBe(origin)
  }
  const refused = await preflight('https://other.example')
  expect(refused.status).toBe(403)
  expect(refused.headers.get('Access-Control-Allow-Origin')).toBe(null)
  expect(await refused.text()).toContain('--allow-origin https://other.example')
})

test('under npm the line of --json stands alone, and SIGTERM to npm stops everything', async () => {
  const command = runHearth(
    ['--config', join(folder, 'mcp.json'), '--data', join(folder, 'data'), '--port', '0', '--json'],
    { command: ['npm', 'start', '--'] },
  )
  commands.push(command)
  const { token, servers } = await command.ready()
  const session = await openSession(servers[0]?.url ?? '', token)
  const running = await beginCall(session, 1500)
  const processes = processTree(command.child.pid ?? 0)

  const exitCode = await signal(command, 'SIGTERM')

  expect((await running.answer).message.result).toEqual({ content: [] })
  expect(exitCode).toBe(0)
  expect(command.stdout).toHaveLength(1)
  for (const pid of processes) await waitUntilGone(pid)
})

test('without --json people get the URL, the token, and configurations to paste', async () => {
  const command = up()
  const isThere = () => command.stdout.join('\n').includes('claude mcp add')
  await waitUntil(isThere, 'nothing was printed', 50_000)
  await signal(command, 'SIGTERM')

  const text = command.stdout.join('\n')
  const json = /^ {4}\{\n[\s\S]*?^ {4}\}$/m.exec(text)?.[0] ?? ''
  const { mcpServers } = JSON.parse(json) as { mcpServers: { hearth: Record<string, unknown> } }
  expect(mcpServers.hearth).toMatchObject({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/),
    headers: { Authorization: expect.stringMatching(/^Bearer hearth_local_/) },
  })
  expect(text).toMatch(/claude mcp add --transport http hearth http:\/\/127\.0\.0\.1:\d+\/mcp /)
  expect(text).toMatch(/^ {4}slow {2}http:\/\/127\.0\.0\.1:\d+\/mcp\/slow$/m)
})

test('in a terminal each call is one line of text', async () => {
  const { execPath } = process
  const files = `--config ${join(folder, 'mcp.json')} --data ${join(folder, 'data')}`
  const typed = `${execPath} cli/bootstrap.mjs cli/main.ts up ${files} --port 0`
  const terminal = runHearth([], { command: ['script', '-qec', typed, '/dev/null'] })
  commands.push(terminal)
  const shown = (pattern: RegExp) => pattern.exec(terminal.stdout.join('\n'))?.[1]
  await waitUntil(() => shown(/(claude mcp add)/) !== undefined, 'nothing was printed', 50_000)

  const url = shown(/^ +slow +(http\S+)/m) ?? ''
  const session = await openSession(url, shown(/^ +Token +(\S+)/m) ?? '')
  await session.call('tools/call', { name: 'any', arguments: { ms: 0 } })

  await waitUntil(() => shown(/^(hearth: slow any: ok in \d+ ms)/m) !== undefined, 'no line')
  expect(shown(/("event":"call")/)).toBeUndefined()
})

test('a secret that is not set, or that others can see, is told of, and the servers are served', async () => {
  await configure({
    slow: { command: 'node', args: [SLOW] },
    lacking: { command: 'node', args: [SLOW, '${secret:NOT_SET}'] },
  })
  const command = up('--json')
  const { token, servers } = await command.ready()
  const session = await openSession(servers[0]?.url ?? '', token)
  expect((await session.call('tools/call', { name: 'any', arguments: { ms: 0 } })).status).toBe(200)
  const said = () => command.stderr.join('\n')
  await waitUntil(() => said().includes('does not start'), 'nothing was said')
  await signal(command, 'SIGTERM')

  expect(said()).toMatch(/server "lacking": \$\{secret:NOT_SET\} in args is shown to every user/)
  expect(said()).toContain(
    'server "lacking" does not start: the server needs a secret that is not set: ${secret:NOT_SET}',
  )
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s lets a running call end, leaves no process, and exits with 0',
  async (name) => {
    const command = up('--json')
    const { token, servers } = await command.ready()
    const session = await openSession(servers[0]?.url ?? '', token)
    const processes = processTree(command.child.pid ?? 0)

    const running = await beginCall(session, 1500)
    const exitCode = signal(command, name)

    expect((await running.answer).message.result).toEqual({ content: [] })
    expect(await exitCode).toBe(0)
    expect(processes.length).toBeGreaterThan(3)
    for (const pid of processes) await waitUntilGone(pid)
  },
)

test('a Ctrl-C in a terminal, which all of its processes get, lets a running call end', async () => {
  const launch: [string, ...string[]] = ['setsid', process.execPath, 'cli/bootstrap.mjs']
  const files = ['--config', join(folder, 'mcp.json'), '--data', join(folder, 'data')]
  const args = ['cli/main.ts', 'up', ...files, '--port', '0', '--json']
  const command = runHearth(args, { command: launch })
  commands.push(command)
  const { token, servers } = await command.ready()
  const session = await openSession(servers[0]?.url ?? '', token)
  const processes = processTree(command.child.pid ?? 0)

  const running = await beginCall(session, 1500)
  process.kill(-(command.child.pid ?? 0), 'SIGINT')

  expect((await running.answer).message.result).toEqual({ content: [] })
  expect(await command.exited).toBe(0)
  for (const pid of processes) await waitUntilGone(pid)
})

test('a second signal ends at once', async () => {
  const command = up('--json')
  const { token, servers } = await command.ready()
  const session = await openSession(servers[0]?.url ?? '', token)
  const running = await beginCall(session, 60_000)
  running.answer.catch(() => {}) // cut off, as it should be

  command.child.kill('SIGINT')
  const stopped = Date.now()
  await waitUntil(() => command.stderr.some((line) => line.includes('Ctrl-C again')), 'no answer')
  // Closer together, two signals count as one.
  await waitUntil(() => Date.now() - stopped > 500, 'time stands still')
  const exitCode = await signal(command, 'SIGINT')

  expect(exitCode).toBe(1)
  expect(Date.now() - stopped).toBeLessThan(3_000)
})

test('no process outlives a command that is killed', async () => {
  const command = up('--json')
  await command.ready()
  const processes = processTree(command.child.pid ?? 0)

  command.child.kill('SIGKILL')

  for (const pid of processes) await waitUntilGone(pid, 20_000)
})

describe('started by another Node than that of the project', () => {
  let command: Command

  beforeEach(async () => {
    const other = join(folder, 'other-node')
    await copyFile(process.execPath, other)
    const program: [string, ...string[]] = [other, 'cli/bootstrap.mjs', 'cli/main.ts']
    const files = ['--config', join(folder, 'mcp.json'), '--data', join(folder, 'data')]
    command = runHearth(['up', ...files, '--port', '0', '--json'], { command: program })
    commands.push(command)
    await command.ready()
  })

  test.each(['launcher', 'command'])('no process outlives a %s that is killed', async (which) => {
    const processes = processTree(command.child.pid ?? 0)

    process.kill((which === 'launcher' ? processes[0] : processes[1]) ?? 0, 'SIGKILL')

    for (const pid of processes) await waitUntilGone(pid, 20_000)
  })

  test('a signal is passed on, and so is the exit code', async () => {
    expect(await signal(command, 'SIGTERM')).toBe(0)
  })
})

test('a second start on the same data goes on with the token and the sessions', async () => {
  const first = up('--json')
  const before = await first.ready()
  const session = await openSession(before.servers[0]?.url ?? '', before.token)
  await signal(first, 'SIGTERM')

  const after = await up('--json').ready()
  const resumed = resumeSession(after.servers[0]?.url ?? '', after.token, session.id)
  const answer = await resumed.call('tools/call', { name: 'any' })

  expect(after.token).toBe(before.token)
  expect(answer).toMatchObject({ status: 200, message: { result: { content: [] } } })
})

test('secrets are readable by their owner only', async () => {
  await up('--json').ready()

  const { mode } = await stat(join(folder, 'data', 'secrets.json'))

  expect(mode & 0o777).toBe(0o600)
})

test('--token is the token', async () => {
  const token = `hearth_local_${'0'.repeat(8)}_${'a'.repeat(64)}`
  const ready = await up('--json', '--token', token).ready()

  expect(ready.token).toBe(token)
  await openSession(ready.servers[0]?.url ?? '', token)
})

test('a token that was revoked is one line and exit code 1, and --token helps', async () => {
  const token = `hearth_local_${'0'.repeat(8)}_${'a'.repeat(64)}`
  const first = up('--json', '--token', token)
  const { servers } = await first.ready()
  const { adminToken } = JSON.parse(
    await readFile(join(folder, 'data', 'secrets.json'), 'utf8'),
  ) as { adminToken: string }
  const revoked = new URL('/admin/tenants/local/tokens/00000000', servers[0]?.url)
  await fetch(revoked, { method: 'DELETE', headers: { Authorization: `Bearer ${adminToken}` } })
  await signal(first, 'SIGTERM')

  const second = up('--json', '--token', token)

  expect(await second.exited).toBe(1)
  expect(second.stderr.at(-1)).toBe(
    'hearth: the token of this gateway was rotated or revoked: give its successor, or another, with --token',
  )
  await up('--json', '--token', token.replace('_00000000_', '_11111111_')).ready()
})

test('a server whose command does not exist is told, and the others serve', async () => {
  await configure({
    slow: { command: 'node', args: [SLOW] },
    broken: { command: 'no-such-program' },
  })
  const command = up('--json')
  const { token, servers } = await command.ready()

  await openSession(servers.find(({ name }) => name === 'slow')?.url ?? '', token)

  const told = () => command.stderr.filter((line) => line.includes('no-such-program'))
  await waitUntil(() => told().length > 0, 'the command was not told')
  expect(told()).toEqual([
    expect.stringMatching(/^hearth: server "broken" does not start: command not found: /),
  ])
})

test('a taken port is one line and exit code 1', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const address = taken.address()
  const port = typeof address === 'object' ? address?.port : undefined

  const command = up('--port', String(port))

  expect(await command.exited).toBe(1)
  expect(command.stderr).toEqual([
    `hearth: cannot listen on port ${port} of 127.0.0.1: it is taken; stop what uses it, or give --port another`,
  ])
  taken.close()
})

test('a data folder that is in use is one line and exit code 1', async () => {
  await up('--json').ready()

  const second = up('--json')

  expect(await second.exited).toBe(1)
  expect(second.stderr).toEqual([
    `hearth: the data folder ${join(folder, 'data')} is in use by another hearth: ` +
      'stop that one, or give --data another folder',
  ])
})

const refused: { name: string; args: string[]; code: number; says: RegExp }[] = [
  {
    name: 'a configuration that is not there',
    args: ['--config', 'none.json'],
    code: 1,
    says: /^hearth: cannot read the configuration none\.json: no such file$/,
  },
  {
    name: 'a configuration that is a folder',
    args: ['--config', '.'],
    code: 1,
    says: /^hearth: cannot read the configuration \.: it is a folder$/,
  },
  {
    name: 'a data folder that cannot be made',
    args: ['--data', '/dev/null/data'],
    code: 1,
    says: /^hearth: cannot use the data folder \/dev\/null\/data: part of the path is not a folder$/,
  },
  { name: 'a bad port', args: ['--port', '99999'], code: 2, says: /^hearth: .*0 to 65535\.$/ },
  { name: 'a bad level', args: ['--log-level', 'loud'], code: 2, says: /^hearth: .*error, warn/ },
  { name: 'an unknown option', args: ['--colour'], code: 2, says: /^hearth: unknown option/ },
  { name: 'a bad token', args: ['--token', 'hunter2'], code: 2, says: /^hearth: (?!.*hunter2)/ },
]
test.each(refused)('$name is one line and exit code $code', async ({ args, code, says }) => {
  const command = up(...args)

  expect(await command.exited).toBe(code)
  expect(command.stderr).toHaveLength(1)
  expect(command.stderr[0]).toMatch(says)
  expect(command.stdout).toEqual([])
})

test('--help explains every option', async () => {
  const command = up('--help')

  expect(await command.exited).toBe(0)
  for (const option of ['config', 'port', 'host', 'data', 'token', 'json', 'log-level']) {
    expect(command.stdout.join('\n')).toContain(`--${option}`)
  }
})
