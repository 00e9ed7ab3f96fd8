/** Remote servers of every transport behind the gateway, as SDK clients of both eras see them. */
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client'
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ResourceListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { bearer, modernURL, readText } from '#test/e2e/clients/client.ts'
import { connectSession, type Session } from '#test/e2e/clients/session.ts'
import { targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { REMOTE_NAMES, startRemotes, type RemoteName, type Remotes } from './remotes.ts'

const TIMEOUT_MS = 60_000
vi.setConfig({ testTimeout: TIMEOUT_MS })

let gateway: Gateway
let remotes: Remotes
const open: { close(): Promise<void> }[] = []

beforeAll(async () => {
  remotes = await startRemotes()
  gateway = await startGateway({ servers: remotes.servers })
}, TIMEOUT_MS)

afterAll(async () => {
  await Promise.all(open.map((one) => one.close()))
  await gateway?.stop()
  await remotes?.stop()
}, TIMEOUT_MS)

async function connectLegacy(server: RemoteName, capabilities = {}): Promise<Session> {
  const session = await connectSession(targetOf(gateway, server), capabilities)
  open.push(session)
  return session
}

async function connectModern(server: RemoteName, capabilities = {}): Promise<ModernClient> {
  const { url, token } = targetOf(gateway, server)
  const client = new ModernClient(
    { name: 'e2e-remote', version: '1.0.0' },
    { capabilities, versionNegotiation: { mode: 'auto' } },
  )
  open.push(client)
  const requestInit = { headers: bearer({ url, token }) }
  await client.connect(new ModernTransport(new URL(modernURL(url)), { requestInit }))
  return client
}

const OPERATION = {
  name: 'trigger-long-running-operation',
  arguments: { duration: 0.3, steps: 3 },
}
const SAMPLE = { name: 'trigger-sampling-request', arguments: { prompt: 'Hello', maxTokens: 10 } }
const ELICIT = { name: 'trigger-elicitation-request', arguments: {} }
const CHANGE = {
  name: 'gzip-file-as-resource',
  arguments: { name: 'note.gz', data: 'data:text/plain;base64,aGVhcnRo' },
}
const sampled = () => ({
  role: 'assistant' as const,
  model: 'test-model',
  content: { type: 'text' as const, text: 'sampled' },
})
const accepted = () => ({ action: 'accept' as const, content: { name: 'Vesta' } })

/** A server without sessions cannot ask a legacy client, or tell it anything between its calls. */
const TALKING = REMOTE_NAMES.filter((name) => name !== 'dual')

describe.each(REMOTE_NAMES)('the remote server "%s" and a legacy client', (name) => {
  test('lists its tools and answers a call', async () => {
    const { client } = await connectLegacy(name)
    const { tools } = await client.listTools()
    const result = await client.callTool({ name: 'echo', arguments: { message: 'snow: ❄' } })

    expect(tools.map((tool) => tool.name)).toContain('echo')
    expect(readText(result)).toBe('Echo: snow: ❄')
  })

  test('tells progress in order, before the answer', async () => {
    const { client } = await connectLegacy(name)
    const seen: number[] = []
    const result = await client.callTool(OPERATION, CallToolResultSchema, {
      onprogress: ({ progress }) => seen.push(progress),
    })

    expect(seen).toEqual([1, 2, 3])
    expect(readText(result)).toContain('completed')
  })

  test('ends a cancelled call, and the session goes on', async () => {
    const { client } = await connectLegacy(name)
    const abort = new AbortController()
    const long = { ...OPERATION, arguments: { duration: 20, steps: 100 } }
    const call = client.callTool(long, CallToolResultSchema, {
      signal: abort.signal,
      onprogress: () => abort.abort('enough'),
    })
    await expect(call).rejects.toThrow('enough')

    const answer = await client.callTool({ name: 'echo', arguments: { message: 'here' } })
    expect(readText(answer)).toBe('Echo: here')
  })
})

describe.each(TALKING)('the remote server "%s" asks a legacy client', (name) => {
  test('for its model', async () => {
    const { client } = await connectLegacy(name, { sampling: {} })
    client.setRequestHandler(CreateMessageRequestSchema, sampled)

    expect(readText(await client.callTool(SAMPLE))).toContain('sampled')
  })

  test('for its user', async () => {
    const { client } = await connectLegacy(name, { elicitation: {} })
    client.setRequestHandler(ElicitRequestSchema, accepted)

    expect(readText(await client.callTool(ELICIT))).toContain('Vesta')
  })

  test('to list again', async () => {
    const { client, next, listening } = await connectLegacy(name)
    const changed = next(ResourceListChangedNotificationSchema)
    await listening
    await client.callTool(CHANGE)
    await changed

    const { resources } = await client.listResources()
    expect(resources.map((resource) => resource.name)).toContain('note.gz')
  })
})

describe.each(REMOTE_NAMES)('the remote server "%s" and a modern client', (name) => {
  test('lists its tools and answers a call', async () => {
    const client = await connectModern(name)
    const { tools } = await client.listTools()
    const result = await client.callTool({ name: 'echo', arguments: { message: 'snow: ❄' } })

    expect(client.getProtocolEra()).toBe('modern')
    expect(tools.map((tool) => tool.name)).toContain('echo')
    expect(readText(result)).toBe('Echo: snow: ❄')
  })

  test('tells progress in order, before the answer', async () => {
    const client = await connectModern(name)
    const seen: number[] = []
    const result = await client.callTool(OPERATION, {
      onprogress: ({ progress }) => seen.push(progress),
    })

    expect(seen).toEqual([1, 2, 3])
    expect(readText(result)).toContain('completed')
  })

  test('asks for the model and for the user', async () => {
    const client = await connectModern(name, { sampling: {}, elicitation: { form: {} } })
    client.setRequestHandler('sampling/createMessage', sampled)
    client.setRequestHandler('elicitation/create', accepted)

    expect(readText(await client.callTool(SAMPLE))).toContain('sampled')
    expect(readText(await client.callTool(ELICIT))).toContain('Vesta')
  })

  test('tells a listener that a list changed', async () => {
    const client = await connectModern(name)
    const { promise: changed, resolve } = Promise.withResolvers<void>()
    client.setNotificationHandler('notifications/resources/list_changed', () => resolve())
    const subscription = await client.listen({ resourcesListChanged: true })
    await client.callTool(CHANGE)
    await changed

    await subscription.close()
  })

  test('ends a cancelled call', async () => {
    const client = await connectModern(name)
    const abort = new AbortController()
    const long = { ...OPERATION, arguments: { duration: 20, steps: 100 } }
    const call = client.callTool(long, {
      signal: abort.signal,
      onprogress: () => abort.abort(new Error('enough')),
    })
    await expect(call).rejects.toThrow('enough')

    const answer = await client.callTool({ name: 'echo', arguments: { message: 'here' } })
    expect(readText(answer)).toBe('Echo: here')
  })
})

test.each(['modern', 'dual'] as const)(
  'arguments that "%s" wants in headers are there, whoever asks',
  async (name) => {
    const call = { name: 'region', arguments: { region: 'Zürich ' } }
    const modern = await connectModern(name)
    await modern.listTools()
    const { client: legacy } = await connectLegacy(name)

    expect(readText(await modern.callTool(call))).toBe('Region: Zürich ')
    expect(readText(await legacy.callTool(call))).toBe('Region: Zürich ')
  },
)

test('the host program was never dialled for all of this', async () => {
  // It has a cell for each object that ever dialled it.
  expect(await gateway.console()).not.toContain('entries')
})
