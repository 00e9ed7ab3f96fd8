/**
 * Ten real servers behind one `/mcp`: official ones, some of them twice, a Python one, and remote ones
 * by each transport. Clients of each era and one of HTTP+SSE find all of their tools and call one of each.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { resolveBin } from '#test/e2e/clients/bins.ts'
import { bearer, modernURL, readText, type Target } from '#test/e2e/clients/client.ts'
import { connectOverSSE } from '#test/e2e/clients/sdk-v1-sse.ts'
import { connectSession } from '#test/e2e/clients/session.ts'
import { startRemotes, type Remotes } from '#test/e2e/remote/remotes.ts'
import { startGateway, type Gateway, type GatewayOptions } from '#test/support/gateway.ts'
import { installPythonServer, PYTHON_INSTALL_MS } from '#test/support/python-server.ts'

const TIMEOUT_MS = 60_000
vi.setConfig({ testTimeout: TIMEOUT_MS })

interface Client {
  listTools(): Promise<{ tools: { name: string }[] }>
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>
  close(): Promise<void>
}

/** What is called of each server, and what its answer holds. */
const CALLS: [tool: string, args: Record<string, unknown>, answer: string][] = [
  ['everything__echo', { message: 'one' }, 'Echo: one'],
  ['everything-too__get-sum', { a: 20, b: 22 }, '42'],
  ['memory__read_graph', {}, 'entities'],
  ['memory-too__search_nodes', { query: 'x' }, 'entities'],
  ['files__list_allowed_directories', {}, tmpdir()],
  ['files-too__list_directory', { path: 'FOLDER' }, 'hello.txt'],
  ['python__add', { a: 1, b: 2 }, '3'],
  ['http__echo', { message: 'eight' }, 'Echo: eight'],
  ['sse__echo', { message: 'nine' }, 'Echo: nine'],
  ['websocket__echo', { message: 'ten' }, 'Echo: ten'],
]
const SERVERS = CALLS.map(([tool]) => tool.split('__')[0] ?? '')

let gateway: Gateway
let remotes: Remotes
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-ten-'))
  await writeFile(join(folder, 'hello.txt'), 'hello')
  const python = await installPythonServer()
  remotes = await startRemotes()
  const { http, sse, websocket } = remotes.servers as Record<
    'http' | 'sse' | 'websocket',
    GatewayOptions['servers'][string]
  >
  const official = (name: string, ...args: string[]) => ({
    command: process.execPath,
    args: [resolveBin(`@modelcontextprotocol/server-${name}`, `mcp-server-${name}`), ...args],
  })
  const memory = (file: string) => ({
    ...official('memory'),
    env: { MEMORY_FILE_PATH: join(folder, file) },
  })
  gateway = await startGateway({
    servers: {
      everything: official('everything', 'stdio'),
      'everything-too': official('everything', 'stdio'),
      memory: memory('one.json'),
      'memory-too': memory('two.json'),
      files: official('filesystem', folder),
      'files-too': official('filesystem', folder),
      ...{ python, http, sse, websocket },
    },
  })
  // They all start at once.
  await gateway.admin('PUT', 'catalog', { listTimeoutMs: 20_000 })
}, PYTHON_INSTALL_MS + TIMEOUT_MS)

afterAll(async () => {
  await gateway?.stop()
  await remotes?.stop()
  await rm(folder, { recursive: true, force: true })
}, TIMEOUT_MS)

async function connectModern(target: Target): Promise<Client> {
  const client = new ModernClient(
    { name: 'e2e-ten', version: '1.0.0' },
    { versionNegotiation: { mode: 'auto' } },
  )
  const requestInit = { headers: bearer(target) }
  await client.connect(
    new StreamableHTTPClientTransport(new URL(modernURL(target.url)), { requestInit }),
  )
  return client
}

const CLIENTS: [name: string, path: string, connect: (target: Target) => Promise<Client>][] = [
  ['the v1 SDK client', '/mcp', async (target) => (await connectSession(target, {})).client],
  ['the v2 SDK client', '/mcp', connectModern],
  ['the v1 SDK client over HTTP+SSE', '/sse', (target) => connectOverSSE(target)],
]

describe.each(CLIENTS)('%s', (_name, path, connect) => {
  test('lists the tools of all ten servers, as each lists them, and calls one of each', async () => {
    const client = await connect({ url: `${gateway.url}${path}`, token: gateway.token })

    const { tools } = await client.listTools()

    const names = tools.map(({ name }) => name)
    expect(new Set(names.map((name) => name.split('__')[0]))).toEqual(new Set(SERVERS))
    for (const server of SERVERS) {
      const single = await connectModern({ url: gateway.mcpURL(server), token: gateway.token })
      const own = (await single.listTools()).tools.map(({ name }) => `${server}__${name}`)
      expect(names.filter((name) => name.startsWith(`${server}__`))).toEqual(own.sort())
      await single.close()
    }
    for (const [name, given, answer] of CALLS) {
      const args = 'path' in given ? { path: folder } : given
      expect(readText(await client.callTool({ name, arguments: args })), name).toContain(answer)
    }
    await client.close()
  })
})
