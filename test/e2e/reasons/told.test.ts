/**
 * Whoever meets a server that does not start reads why, and what to do, wherever they look: in the client's
 * error, in the terminal, and in `hearth servers status`. One gateway with all of them.
 */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { createServer as createHTTP } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { killTree, runHearth, type Command } from '#test/support/command.ts'
import { initialize, sendInitialize, type Target } from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'
import { runVerb } from '#test/support/run-verb.ts'
import { brokenServers, type Broken } from './broken.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 180_000 })

interface ServerStatus {
  name: string
  ready: boolean
  error?: string
  output?: string[]
  hint?: string
}

const MAX_LINES = 10

const folder = await mkdtemp(join(tmpdir(), 'hearth-starts-'))
const taken = createServer().listen(0, '127.0.0.1')
const registry = createHTTP((_, response) => response.writeHead(404).end('{}'))
registry.listen(0, '127.0.0.1')
const refuser = createHTTP((_, response) => response.writeHead(401).end('{}'))
refuser.listen(0, '127.0.0.1')
await Promise.all([taken, registry, refuser].map((server) => once(server, 'listening')))
const all = await brokenServers({ folder, takenPort: portOf(taken) })
let command: Command
let origin: string
let token: string
const seen = {
  clients: new Map<string, { message: string; data: Record<string, unknown> }>(),
  terminal: '',
  statusText: '',
  status: [] as ServerStatus[],
  ready: { status: 0, servers: [] as { name: string; warm: boolean; error?: string }[] },
}

beforeAll(look)

afterAll(async () => {
  await killTree(command)
  taken.close()
  registry.close()
  refuser.close()
  await rm(folder, { recursive: true, force: true })
})

function portOf(server: Pick<Server, 'address'>): number {
  return (server.address() as AddressInfo).port
}

async function look(): Promise<void> {
  const mcpServers = {
    ...Object.fromEntries(all.map(({ name, config }) => [name, config])),
    nowhere: { url: 'https://mcp.example.invalid/mcp' },
    refusing: { url: `http://127.0.0.1:${portOf(refuser)}/mcp`, allowPrivate: true },
  }
  const config = join(folder, 'mcp.json')
  await writeFile(config, JSON.stringify({ mcpServers }))
  const url = `http://127.0.0.1:${portOf(registry)}/`
  command = runHearth(
    ['--json', '--port', '0', '--config', config, '--data', join(folder, 'data')],
    { env: { npm_config_registry: url, UV_DEFAULT_INDEX: url, UV_INDEX_URL: url } },
  )
  ;({ url: origin, token } = await command.ready())
  await untilTold(all.filter(({ isFoundLater }) => isFoundLater !== true))
  const targetOf = (name: string): Target => ({ url: `${origin}/mcp/${name}`, token })
  for (const server of all) seen.clients.set(server.name, await meet(server, targetOf(server.name)))
  await untilTold(all)
  seen.terminal = command.stderr.join('\n')
  await readStatus()
}

async function untilTold(servers: Broken[]): Promise<void> {
  const untold = () => servers.filter(({ name }) => tellingOf(name) === undefined)
  await waitUntil(() => untold().length === 0, 'not told', 120_000).catch((error: unknown) => {
    throw new Error(
      untold()
        .map(({ name }) => name)
        .join(', '),
      { cause: error },
    )
  })
}

/** What its client is told: at `initialize`, or at the first request after it. */
async function meet({ isFoundLater }: Broken, target: Target) {
  if (isFoundLater !== true) {
    const { message } = await sendInitialize(target)
    return { message: message.error?.message ?? '', data: message.error?.data ?? {} }
  }
  const client = await initialize(target)
  const { message } = await client.request('tools/list')
  return { message: message.error?.message ?? '', data: message.error?.data ?? {} }
}

async function readStatus(): Promise<void> {
  const status = ['servers', 'status', '--data', join(folder, 'data')]
  seen.statusText = (await runVerb(status)).stdout
  const { servers } = JSON.parse((await runVerb([...status, '--json'])).stdout) as {
    servers: ServerStatus[]
  }
  seen.status = servers
  const response = await fetch(`${origin}/ready`, { headers: { authorization: `Bearer ${token}` } })
  const { servers: warm } = (await response.json()) as { servers: typeof seen.ready.servers }
  seen.ready = { status: response.status, servers: warm }
}

/** What the terminal says of a server: a line, and those that are indented below it. */
function tellingOf(name: string, text = command.stderr.join('\n')): string | undefined {
  const start = text.indexOf(`server ${JSON.stringify(name)} does not start: `)
  if (start === -1) return undefined
  const end = text.slice(start).search(/\n(?! {2})/)
  return text.slice(start, end === -1 ? undefined : start + end)
}

test('more than thirty servers are broken, each in its own way', () => {
  expect(new Set(all.map(({ name }) => name)).size).toBeGreaterThan(30)
})

test('the terminal tells what a person can use, and nothing that is not so', () => {
  expect(seen.terminal).not.toMatch(/^hearth: the disk of/m)
  expect(seen.terminal).not.toMatch(/stack: |\.rs:\d|wdErrId/)
})

test.each([
  {
    name: 'nowhere',
    says: /could not be reached: mcp\.example\.invalid/,
    hint: /Check "url" of server "nowhere"/,
  },
  {
    name: 'refusing',
    says: /refused the request: 127\.0\.0\.1:\d+ answered HTTP 401/,
    hint: /"headers" of server "refusing"/,
  },
])(
  'of a remote server each place says why, and what to do: $name',
  async ({ name, says, hint }) => {
    const { message } = await sendInitialize({ url: `${origin}/mcp/${name}`, token })
    for (const told of [
      message.error?.message,
      tellingOf(name, seen.terminal),
      tellingOf(name, seen.statusText),
    ]) {
      expect(told).toMatch(says)
      expect(told).toMatch(hint)
    }
  },
)

describe.each(all)('$name', ({ name, says, hint, prints }) => {
  test('its client is told why, what to do, and what it printed', () => {
    const { message, data } = seen.clients.get(name) ?? { message: '', data: {} }
    expect(message).toMatch(says)
    expect(message).toMatch(hint)
    const output = (data.output ?? []) as string[]
    expect(output.length).toBeLessThanOrEqual(MAX_LINES)
    if (prints !== undefined) expect(output).toContainEqual(expect.stringMatching(prints))
  })

  test('so is the terminal', () => {
    const told = tellingOf(name, seen.terminal) ?? ''
    expect(told).toMatch(says)
    expect(told).toMatch(hint)
    if (prints !== undefined) {
      const lines = told.split('\n').map((line) => line.replace(/^ {4}/, ''))
      expect(lines).toContainEqual(expect.stringMatching(prints))
    }
  })

  test('so is `servers status`, as text and as JSON', () => {
    const told = tellingOf(name, seen.statusText) ?? ''
    expect(told).toMatch(says)
    expect(told).toMatch(hint)
    const {
      ready,
      error = '',
      hint: step = error,
      output = [],
    } = seen.status.find((one) => one.name === name) ?? {}
    expect(ready).toBe(false)
    expect(error).toMatch(says)
    expect(step).toMatch(hint)
    if (prints !== undefined) expect(output).toContainEqual(expect.stringMatching(prints))
  })

  test('so is /ready, without what it printed', () => {
    const found = seen.ready.servers.find((one) => one.name === name)
    expect(found).toMatchObject({ warm: false, error: expect.stringMatching(says) })
    expect(Object.keys(found ?? {})).not.toContain('output')
  })
})
