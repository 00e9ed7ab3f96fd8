/** What flows beside an answer: the everything server's features, seen by the v1 SDK client. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import type { ClientCapabilities } from '@modelcontextprotocol/sdk/types.js'
import { startGateway } from '#test/support/gateway.ts'
import type { Gateway } from '#test/support/gateway.ts'
import { resolveBin } from './clients/bins.ts'
import { readText } from './clients/client.ts'
import { connectSession } from './clients/session.ts'
import type { Session } from './clients/session.ts'

const FIXTURE = fileURLToPath(new URL('../fixtures/conformance/legacy-server.ts', import.meta.url))
const START_TIMEOUT_MS = 60_000
const RESOURCE = 'demo://resource/dynamic/text/1'

vi.setConfig({ testTimeout: 30_000 })

let gateway: Gateway
const sessions: Session[] = []

beforeAll(async () => {
  const script = resolveBin('@modelcontextprotocol/server-everything', 'mcp-server-everything')
  gateway = await startGateway({
    servers: {
      everything: { command: process.execPath, args: [script, 'stdio'] },
      fixture: { command: process.execPath, args: [FIXTURE] },
    },
  })
}, START_TIMEOUT_MS)

afterAll(async () => {
  await Promise.all(sessions.map((session) => session.close()))
  await gateway?.stop()
}, START_TIMEOUT_MS)

async function connect(
  capabilities: ClientCapabilities = {},
  { server = 'everything', sessionId }: { server?: string; sessionId?: string | undefined } = {},
): Promise<Session> {
  const target = { url: gateway.mcpURL(server), token: gateway.token }
  const session = await connectSession(target, capabilities, sessionId)
  sessions.push(session)
  return session
}

function longOperation(duration: number, steps: number) {
  return { name: 'trigger-long-running-operation', arguments: { duration, steps } }
}

test('progress arrives in order, before the answer', async () => {
  const { client } = await connect()
  const seen: (number | string)[] = []

  const result = await client.callTool(longOperation(0.3, 3), CallToolResultSchema, {
    onprogress: ({ progress, total }) => seen.push(`${progress}/${total}`),
  })

  expect(seen).toEqual(['1/3', '2/3', '3/3'])
  expect(readText(result)).toContain('completed')
})

test('log messages arrive at the level that was set', async () => {
  const { client, next } = await connect()
  const logged = next(LoggingMessageNotificationSchema)

  await client.setLoggingLevel('debug')
  await client.callTool({ name: 'toggle-simulated-logging' })

  expect((await logged).params.data).toMatch(/level[ -]message/i)
})

test('the client’s model answers a sampling request', async () => {
  const { client } = await connect({ sampling: {} })
  client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => ({
    role: 'assistant',
    model: 'test-model',
    content: { type: 'text', text: `sampled ${params.messages.length}` },
  }))

  const args = { prompt: 'Say hello', maxTokens: 10 }
  const result = await client.callTool({ name: 'trigger-sampling-request', arguments: args })

  expect(readText(result)).toContain('sampled 1')
})

test('the user answers an elicitation request', async () => {
  const { client } = await connect({ elicitation: {} })
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept',
    content: { name: 'Vesta' },
  }))

  const result = await client.callTool({ name: 'trigger-elicitation-request', arguments: {} })

  expect(readText(result)).toContain('Vesta')
})

test('a changed list is announced on the GET stream, and is listed', async () => {
  const { client, next, listening } = await connect()
  const changed = next(ResourceListChangedNotificationSchema)
  await listening

  const args = { name: 'note.gz', data: 'data:text/plain;base64,aGVhcnRo' }
  await client.callTool({ name: 'gzip-file-as-resource', arguments: args })
  await changed

  const { resources } = await client.listResources()
  expect(resources.map(({ name }) => name)).toContain('note.gz')
})

test('a subscriber is told when its resource changes', async () => {
  const { client, next, listening } = await connect()
  const updated = next(ResourceUpdatedNotificationSchema)
  await listening

  await client.subscribeResource({ uri: RESOURCE })
  await client.callTool({ name: 'toggle-subscriber-updates' })

  expect((await updated).params.uri).toBe(RESOURCE)
})

test('a cancelled call ends at once, and the session goes on', async () => {
  const { client } = await connect()
  const abort = new AbortController()

  const call = client.callTool(longOperation(20, 100), CallToolResultSchema, {
    signal: abort.signal,
    onprogress: () => abort.abort('enough'),
  })
  await expect(call).rejects.toThrow('enough')

  const answer = await client.callTool({ name: 'echo', arguments: { message: 'still here' } })
  expect(readText(answer)).toBe('Echo: still here')
})

test('a cancellation reaches the server', async () => {
  const { client, next, listening } = await connect({}, { server: 'fixture' })
  const logged = next(LoggingMessageNotificationSchema)
  const abort = new AbortController()
  await listening

  const call = client.callTool({ name: 'hold_until_cancelled' }, CallToolResultSchema, {
    signal: abort.signal,
    onprogress: () => abort.abort('enough'),
  })
  await expect(call).rejects.toThrow('enough')

  expect((await logged).params.data).toBe('Cancelled')
})

test('a call whose stream broke is picked up from its last event', async () => {
  const first = await connect()
  let lastEventId: string | undefined
  const broken = first.client.callTool(longOperation(2, 4), CallToolResultSchema, {
    onresumptiontoken: (token) => (lastEventId = token),
    onprogress: () => void first.client.close(),
  })
  await expect(broken).rejects.toThrow('Connection closed')
  const second = await connect({}, { sessionId: first.sessionId() })

  const result = await second.client.request(
    { method: 'tools/call', params: longOperation(2, 4) },
    CallToolResultSchema,
    lastEventId === undefined ? {} : { resumptionToken: lastEventId },
  )

  expect(lastEventId).toBeDefined()
  expect(readText(result)).toContain('completed')
})
