/** Clients that speak HTTP+SSE, to the official servers: the same calls, and what flows beside them. */
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolveBin } from '#test/e2e/clients/bins.ts'
import { readText, type TestClient } from '#test/e2e/clients/client.ts'
import { mcpRemote } from '#test/e2e/clients/mcp-remote.ts'
import { connectOverSSE, SDK_V1_SSE } from '#test/e2e/clients/sdk-v1-sse.ts'
import { within } from '#test/support/event-reader.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'

const CLIENTS: TestClient[] = [SDK_V1_SSE, mcpRemote('sse-only')]
const TIMEOUT_MS = 60_000
const RESOURCE = 'demo://resource/dynamic/text/1'

let gateway: Gateway
let folder: string
const clients: Client[] = []

function official(name: string, ...args: string[]) {
  const script = resolveBin(`@modelcontextprotocol/server-${name}`, `mcp-server-${name}`)
  return { command: process.execPath, args: [script, ...args] }
}

beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'hearth-sse-')))
  await writeFile(path.join(folder, 'hearth.txt'), 'warm')
  const env = { MEMORY_FILE_PATH: path.join(folder, 'memory.jsonl') }
  gateway = await startGateway({
    servers: {
      everything: official('everything', 'stdio'),
      memory: { ...official('memory'), env },
      filesystem: official('filesystem', folder),
    },
  })
}, TIMEOUT_MS)

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()))
  await gateway?.stop()
  await rm(folder, { recursive: true, force: true })
}, TIMEOUT_MS)

const targetOf = (server: string) => {
  return { url: `${gateway.url}/sse/${server}`, token: gateway.token }
}

async function connect(capabilities = {}): Promise<Client> {
  const client = await connectOverSSE(targetOf('everything'), capabilities)
  clients.push(client)
  return client
}

describe.each(CLIENTS)('$name', (client) => {
  const calls = [
    { server: 'everything', name: 'echo', args: { message: 'snow: ❄' }, answer: 'Echo: snow: ❄' },
    { server: 'memory', name: 'read_graph', args: {}, answer: 'entities' },
    { server: 'filesystem', name: 'list_allowed_directories', args: {}, answer: 'hearth-sse-' },
  ]

  test.each(calls)(
    'calls $name of $server',
    async ({ server, name, args, answer }) => {
      const connection = await client.connect(targetOf(server))
      const text = await connection.callTool(name, args).finally(() => connection.close())

      expect(text).toContain(answer)
    },
    TIMEOUT_MS,
  )
})

test('progress arrives in order', async () => {
  const client = await connect()
  const seen: string[] = []
  const operation = {
    name: 'trigger-long-running-operation',
    arguments: { duration: 0.3, steps: 3 },
  }

  const result = await client.callTool(operation, CallToolResultSchema, {
    onprogress: ({ progress, total }) => seen.push(`${progress}/${total}`),
  })

  // This client drops what comes in one chunk with the answer, also from the server itself.
  expect(seen.slice(0, 2)).toEqual(['1/3', '2/3'])
  expect(readText(result)).toContain('completed')
})

test('log messages arrive at the level that was set', async () => {
  const client = await connect()
  const { promise: logged, resolve } = Promise.withResolvers<unknown>()
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) =>
    resolve(params.data),
  )

  await client.setLoggingLevel('debug')
  await client.callTool({ name: 'toggle-simulated-logging' })

  expect(await within(logged)).toMatch(/level[ -]message/i)
})

test('the client’s model and its user answer what the server asks', async () => {
  const client = await connect({ sampling: {}, elicitation: {} })
  client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => ({
    role: 'assistant',
    model: 'test-model',
    content: { type: 'text', text: `sampled ${params.messages.length}` },
  }))
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept',
    content: { name: 'Vesta' },
  }))

  const sampling = { prompt: 'Say hello', maxTokens: 10 }
  const sampled = await client.callTool({ name: 'trigger-sampling-request', arguments: sampling })
  const elicited = await client.callTool({ name: 'trigger-elicitation-request', arguments: {} })

  expect(readText(sampled)).toContain('sampled 1')
  expect(readText(elicited)).toContain('Vesta')
})

test('a changed list is announced, and a subscriber is told of its resource', async () => {
  const client = await connect()
  const changed = Promise.withResolvers<void>()
  const updated = Promise.withResolvers<string>()
  client.setNotificationHandler(ResourceListChangedNotificationSchema, () => changed.resolve())
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) =>
    updated.resolve(params.uri),
  )

  const args = { name: 'note.gz', data: 'data:text/plain;base64,aGVhcnRo' }
  await client.callTool({ name: 'gzip-file-as-resource', arguments: args })
  await within(changed.promise)
  await client.subscribeResource({ uri: RESOURCE })
  await client.callTool({ name: 'toggle-subscriber-updates' })

  expect(await within(updated.promise)).toBe(RESOURCE)
})

test('a cancelled call ends at once, and the session goes on without a word of it', async () => {
  const client = await connect()
  const errors: Error[] = []
  client.onerror = (error) => errors.push(error)
  const abort = new AbortController()
  const operation = {
    name: 'trigger-long-running-operation',
    arguments: { duration: 20, steps: 100 },
  }

  const call = client.callTool(operation, CallToolResultSchema, {
    signal: abort.signal,
    onprogress: () => abort.abort('enough'),
  })
  await expect(call).rejects.toThrow('enough')

  const answer = await client.callTool({ name: 'echo', arguments: { message: 'still here' } })
  expect(readText(answer)).toBe('Echo: still here')
  expect(errors).toEqual([])
})

test('a client whose stream broke makes another by itself, and goes on', async () => {
  const client = await connect()
  const { promise: broke, resolve } = Promise.withResolvers<void>()
  client.onerror = () => resolve()
  await gateway.evictServerHost()
  await within(broke)

  const echo = () => client.callTool({ name: 'echo', arguments: { message: 'again' } })
  await expect.poll(() => echo().then(readText, String), { timeout: 15_000 }).toBe('Echo: again')
})

test('a token that is none is refused with its status', async () => {
  const target = { ...targetOf('everything'), token: 'none' }

  await expect(connectOverSSE(target)).rejects.toMatchObject({ code: 401 })
})
