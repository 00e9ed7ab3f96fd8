/** A modern client (v2 SDK) and a legacy server: what the gateway translates between them. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { ClientCapabilities } from '@modelcontextprotocol/client'
import { startGateway } from '#test/support/gateway.ts'
import type { Gateway } from '#test/support/gateway.ts'
import { resolveBin } from './clients/bins.ts'
import { bearer, modernURL, readText } from './clients/client.ts'

const START_TIMEOUT_MS = 60_000
const TEST_TIMEOUT_MS = 30_000
vi.setConfig({ testTimeout: TEST_TIMEOUT_MS })

let gateway: Gateway
const clients: Client[] = []

beforeAll(async () => {
  const script = resolveBin('@modelcontextprotocol/server-everything', 'mcp-server-everything')
  gateway = await startGateway({
    servers: { everything: { command: process.execPath, args: [script, 'stdio'] } },
  })
}, START_TIMEOUT_MS)

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()))
  await gateway?.stop()
}, START_TIMEOUT_MS)

async function connect(capabilities: ClientCapabilities = {}): Promise<Client> {
  const url = gateway.mcpURL('everything')
  const headers = bearer({ url, token: gateway.token })
  const client = new Client(
    { name: 'e2e-modern', version: '1.0.0' },
    { capabilities, versionNegotiation: { mode: 'auto' } },
  )
  clients.push(client)
  await client.connect(
    new StreamableHTTPClientTransport(new URL(modernURL(url)), { requestInit: { headers } }),
  )
  return client
}

test('a client that negotiates finds the modern era, and the server’s own name', async () => {
  const client = await connect()

  expect(client.getProtocolEra()).toBe('modern')
  expect(client.getServerVersion()?.name).toBe('mcp-servers/everything')
})

test('the tools depend on what the client declares, as with the server itself', async () => {
  const plain = await (await connect()).listTools()
  const sampling = await (await connect({ sampling: {} })).listTools()

  const names = (list: { tools: { name: string }[] }) => list.tools.map(({ name }) => name)
  expect(names(plain)).not.toContain('trigger-sampling-request')
  expect(names(sampling)).toContain('trigger-sampling-request')
})

test('progress arrives in order, before the answer', async () => {
  const client = await connect()
  const seen: number[] = []
  // A call that waited for a start would be told so.
  await client.callTool({ name: 'echo', arguments: { message: 'started' } })

  const operation = {
    name: 'trigger-long-running-operation',
    arguments: { duration: 0.3, steps: 3 },
  }
  const result = await client.callTool(operation, {
    onprogress: ({ progress }) => seen.push(progress),
  })

  expect(seen).toEqual([1, 2, 3])
  expect(readText(result)).toContain('completed')
})

test('the client’s model answers a legacy sampling request by a retry', async () => {
  const client = await connect({ sampling: {} })
  client.setRequestHandler('sampling/createMessage', () => ({
    role: 'assistant',
    model: 'test-model',
    content: { type: 'text', text: 'sampled' },
  }))

  const args = { prompt: 'Say hello', maxTokens: 10 }
  const result = await client.callTool({ name: 'trigger-sampling-request', arguments: args })

  expect(readText(result)).toContain('sampled')
})

test('the user answers a legacy elicitation request by a retry', async () => {
  const client = await connect({ elicitation: { form: {} } })
  client.setRequestHandler('elicitation/create', () => ({
    action: 'accept',
    content: { name: 'Vesta' },
  }))

  const result = await client.callTool({ name: 'trigger-elicitation-request', arguments: {} })

  expect(readText(result)).toContain('Vesta')
})

test('a listener is told that a list changed', async () => {
  const client = await connect()
  const { promise: changed, resolve } = Promise.withResolvers<void>()
  client.setNotificationHandler('notifications/resources/list_changed', () => resolve())
  const subscription = await client.listen({ resourcesListChanged: true })

  const args = { name: 'note.gz', data: 'data:text/plain;base64,aGVhcnRo' }
  await client.callTool({ name: 'gzip-file-as-resource', arguments: args })
  await changed

  expect(subscription.honoredFilter).toEqual({ resourcesListChanged: true })
  await subscription.close()
})

test('a cancelled call ends at once, and the next one is served', async () => {
  const client = await connect()
  const abort = new AbortController()
  const operation = {
    name: 'trigger-long-running-operation',
    arguments: { duration: 20, steps: 100 },
  }

  const call = client.callTool(operation, {
    signal: abort.signal,
    onprogress: () => abort.abort(new Error('enough')),
  })
  await expect(call).rejects.toThrow('enough')

  const answer = await client.callTool({ name: 'echo', arguments: { message: 'still here' } })
  expect(readText(answer)).toBe('Echo: still here')
})
