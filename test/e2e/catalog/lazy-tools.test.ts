/** `?tools=lazy`: two tools in the place of 500, for real clients of both eras and for raw requests. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import {
  initialize,
  ModernClient as RawModernClient,
  type Answer,
} from '#test/support/http-client.ts'
import { modernURL } from '../clients/client.ts'
import { connectSSE } from '#test/support/sse-client.ts'
import { MANY_TOOLS } from './many-tools.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 90_000 })

/** Fourteen processes start at once. */
const SETTINGS = { listTimeoutMs: 60_000 }

const ELICITATION = {
  message: 'who?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
}
/** 500, and those of the servers beside them. */
const ALL_TOOLS = 512

interface Found {
  tools: { name: string; description: string; inputSchema: { properties: object } }[]
}

let gateway: Gateway
/** May use two tools of git, and nothing of any other server. */
let restricted: string
const closing: { close(): Promise<void> }[] = []

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      ...MANY_TOOLS,
      asker: fixture('asks-client'),
      'modern-asker': fixture('asks-modern'),
      headers: fixture('header-tool-modern'),
      twin: fixture('find-tools-of-its-own'),
    },
  })
  await gateway.admin('PUT', 'catalog', SETTINGS)
  const scopes = ['tools:call:git/create_branch', 'tools:call:git/list_branches']
  const made = await gateway.admin<{ token: string }>('POST', 'tokens', {
    name: 'restricted',
    grants: { scopes },
  })
  restricted = made.token
})

afterAll(async () => {
  await Promise.all(closing.map((client) => client.close()))
  await gateway?.stop()
})

const urlOf = (query = '?tools=lazy') => `${gateway.url}/mcp${query}`

async function connectLegacy(token: string) {
  const client = new LegacyClient({ name: 'legacy', version: '1.0.0' })
  closing.push(client)
  const headers = { Authorization: `Bearer ${token}` }
  const transport = new LegacyTransport(new URL(urlOf()), { requestInit: { headers } })
  await client.connect(transport as Parameters<LegacyClient['connect']>[0])
  return client
}

async function connectModern(token: string) {
  const options = { versionNegotiation: { mode: 'auto' } } as const
  const client = new ModernClient({ name: 'modern', version: '1.0.0' }, options)
  closing.push(client)
  const headers = { Authorization: `Bearer ${token}` }
  await client.connect(
    new StreamableHTTPClientTransport(new URL(modernURL(urlOf())), { requestInit: { headers } }),
  )
  return client
}

const modern = (query?: string, token = gateway.token) =>
  new RawModernClient({ url: urlOf(query), token })

const namesIn = (answer: Answer) =>
  (answer.message.result?.tools as { name: string }[] | undefined)?.map(({ name }) => name)
const foundIn = (answer: Answer) =>
  (answer.message.result?.structuredContent as Found | undefined)?.tools.map(({ name }) => name) ??
  []

describe.each([
  ['legacy', connectLegacy],
  ['modern', connectModern],
] as const)('a %s client', (_era, connect) => {
  test('sees two tools, finds one of 500, and calls it', async () => {
    const client = await connect(gateway.token)
    expect(client.getInstructions()).toContain('find_tools')

    const { tools, _meta } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['call_tool', 'find_tools'])
    const savings = _meta?.['hearth/savings'] as Record<string, number>
    expect(savings.tools).toBe(ALL_TOOLS)
    expect(savings.savedTokens).toBeGreaterThan(40_000)

    const found = await client.callTool({
      name: 'find_tools',
      arguments: { query: 'find a time when everyone is free for a meeting', limit: 3 },
    })
    const structured = found.structuredContent as unknown as Found
    expect(structured.tools[0]?.name).toBe('calendar__find-free-time')
    expect(structured.tools).toHaveLength(3)
    expect(structured.tools[0]?.inputSchema.properties).toHaveProperty('attendees')
    const [text] = found.content as { text: string }[]
    expect(JSON.parse(text?.text ?? '')).toEqual(structured)

    const args = { attendees: ['ann', 'bob'], duration: 30 }
    const called = await client.callTool({
      name: 'call_tool',
      arguments: { name: 'calendar__find-free-time', arguments: args },
    })
    const [answer] = called.content as { text: string }[]
    expect(JSON.parse(answer?.text ?? '')).toEqual({ name: 'find-free-time', args })
  })

  test('finds what its principal may use, and calls nothing else', async () => {
    const client = await connect(restricted)
    const query = 'branch repository pull request event calendar invoice'
    const found = await client.callTool({ name: 'find_tools', arguments: { query, limit: 25 } })
    const names = (found.structuredContent as unknown as Found).tools.map(({ name }) => name)
    expect(names.toSorted()).toEqual(['git__create_branch', 'git__list_branches'])

    const { tools, _meta } = await client.listTools()
    expect(tools).toHaveLength(2)
    expect(JSON.stringify(tools)).not.toContain('payments')
    expect(_meta?.['hearth/savings']).toMatchObject({ tools: 2 })

    for (const name of ['git__delete_branch', 'payments__refund_payment', 'nothing']) {
      const called = client.callTool({ name: 'call_tool', arguments: { name, arguments: {} } })
      await expect(called).rejects.toMatchObject({ code: -32602 })
    }
  })
})

test('a client over HTTP+SSE sees the same two', async () => {
  const client = await connectSSE({ url: `${gateway.url}/sse?tools=lazy`, token: gateway.token })
  const listed = await client.request('tools/list')
  expect(listed.result?.tools).toHaveLength(2)
  const found = await client.call('find_tools', { query: 'refund a payment', limit: 1 })
  expect(JSON.stringify(found.result)).toContain('payments__refund_payment')
  const called = await client.call('call_tool', { name: 'git__git_status', arguments: {} })
  expect(JSON.stringify(called.result)).toContain('git_status')
  client.leave()
})

test('the log, and whatever else looks at a call, sees the tool that is meant', async () => {
  const answer = await modern().call('call_tool', { name: 'git__git_status', arguments: {} })
  const requestId = answer.headers.get('x-request-id') ?? ''

  const lineOf = () => gateway.logs.find((one) => one.includes(requestId))
  await expect.poll(lineOf).toBeDefined()
  const line = lineOf() ?? ''
  expect(JSON.parse(line.slice(line.indexOf('{')))).toMatchObject({
    ...{ server: 'git', method: 'tools/call', target: 'git_status', outcome: 'ok' },
  })
})

test('the URL says more than the tenant’s settings, both ways', async () => {
  await gateway.admin('PUT', 'catalog', { ...SETTINGS, tools: 'lazy' })
  try {
    await vi.waitFor(async () => {
      expect(namesIn(await modern('').request('tools/list'))).toEqual(['call_tool', 'find_tools'])
    })
    expect(namesIn(await modern('?tools=all').request('tools/list'))).toHaveLength(ALL_TOOLS)
  } finally {
    await gateway.admin('PUT', 'catalog', SETTINGS)
  }
  await vi.waitFor(async () => {
    expect(namesIn(await modern('').request('tools/list'))).toHaveLength(ALL_TOOLS)
  })
  const odd = await modern('?tools=some').request('tools/list')
  expect([odd.status, odd.message.error?.code]).toEqual([400, -32602])
})

test('without ?tools=lazy there are no such tools', async () => {
  const { message } = await modern('').call('find_tools', { query: 'branch' })
  expect(message.error?.message).toContain('find_tools')
})

test('a server’s own tool of that name is called by its name in the catalog', async () => {
  const direct = await modern().call('twin__find_tools', {})
  expect(JSON.stringify(direct.message.result)).toContain('my own find_tools')
  const wrapped = await modern().call('call_tool', { name: 'twin__call_tool', arguments: {} })
  expect(JSON.stringify(wrapped.message.result)).toContain('my own call_tool')
})

test('a tool that wants an argument in a header is called without one', async () => {
  const args = { region: 'eu' }
  const wrapped = await modern().call('call_tool', { name: 'headers__deploy', arguments: args })
  expect(JSON.stringify(wrapped.message.result)).toContain('deployed to eu')

  const direct = await modern().call('headers__deploy', args)
  expect(direct.message.error?.code).toBe(-32020)
})

test.each([
  ['legacy', 'asker', { method: 'elicitation/create', params: ELICITATION }],
  ['modern', 'modern-asker', {}],
])('a tool of a %s server that asks its client goes on with the retry', async (_, server, args) => {
  const client = new RawModernClient({ url: urlOf(), token: gateway.token }, { elicitation: {} })
  const wrapped = { name: `${server}__ask`, arguments: args }
  const { message } = await client.call('call_tool', wrapped)
  const { resultType, requestState, inputRequests } = message.result ?? {}
  expect(resultType).toBe('input_required')

  const [key = ''] = Object.keys(inputRequests as object)
  const inputResponses = { [key]: { action: 'accept', content: { name: 'Ann' } } }
  const more = { requestState, inputResponses }
  const answer = await client.call('call_tool', wrapped, {}, more)
  expect(JSON.stringify(answer.message.result)).toContain('Ann')
})

describe('what is malformed', () => {
  test.each([
    ['no name', {}],
    ['a name that is none', { name: 7 }],
    ['arguments that are none', { name: 'git__git_status', arguments: '{}' }],
  ])('call_tool with %s is refused', async (_, args) => {
    const { message } = await modern().call('call_tool', args)
    expect(message.error?.code).toBe(-32602)
  })

  test.each([
    ['no question', {}],
    ['a limit that is none', { query: 'branch', limit: 'many' }],
    ['a server that is not there', { query: 'branch', server: 'nowhere' }],
  ])('find_tools with %s tells the model', async (_, args) => {
    const { message } = await modern().call('find_tools', args)
    expect(message.result?.isError).toBe(true)
  })

  test('a question in the words of SQL and of full-text search is a question', async () => {
    for (const query of [
      '"',
      'NEAR(a b) NOT name:x',
      "'; DROP TABLE tool_words; --",
      'a* AND (',
      '',
    ]) {
      const { message } = await modern().call('find_tools', { query })
      expect(message.result?.isError).toBeUndefined()
    }
    expect(foundIn(await modern().call('find_tools', { query: 'create a branch' }))[0]).toBe(
      'git__create_branch',
    )
  })

  test('a name that is there twice is neither of the two', async () => {
    const session = await initialize({ url: urlOf(), token: gateway.token })
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"call_tool",
      "arguments":{"name":"git__git_log","arguments":{"a":1},"name":"git__git_status"}}}`
    const response = await fetch(urlOf(), {
      method: 'POST',
      headers: {
        ...{ ...session.headers, ...gateway.headers, 'Content-Type': 'application/json' },
        Accept: 'application/json, text/event-stream',
      },
      body,
    })
    expect(await response.text()).toContain('git_status')
  })
})

test('the tools of one server alone', async () => {
  const answer = await modern().call('find_tools', {
    query: 'create',
    server: 'payments',
    limit: 25,
  })
  const names = foundIn(answer)
  expect(names.length).toBeGreaterThan(5)
  expect(names.every((name) => name.startsWith('payments__'))).toBe(true)
})

test('the index is there again after the object was lost', async () => {
  await gateway.evictServerHost()
  const answer = await modern().call('find_tools', { query: 'refund a payment' })
  expect(foundIn(answer)[0]).toBe('payments__refund_payment')
})

test('the operator sees what is saved', async () => {
  const { savings } = await gateway.admin<{ savings: Record<string, number> }>('GET', 'tools')
  expect(savings).toMatchObject({ tools: ALL_TOOLS })
})
