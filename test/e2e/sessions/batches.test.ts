/** JSON-RPC batches, which 2025-03-26 alone has. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EventReader, type Message } from '#test/support/event-reader.ts'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, type LegacyClient, send, type Target } from '#test/support/http-client.ts'

const REVISION = '2025-03-26'
const MAX_MESSAGES = 32

let gateway: Gateway
let narrow: string

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      late: fixture('answers-late'),
      asks: fixture('asks-client'),
      long: fixture('answers-at-length'),
      limited: fixture('answers-late', {
        limits: [
          { name: 'two', per: 'tool', algorithm: 'fixed-window', limit: 2, windowMs: 86_400_000 },
        ],
      }),
    },
  })
  const given = { name: 'narrow', grants: { scopes: ['tools:call:late/say'] } }
  const { token } = await gateway.admin<{ token: string }>('POST', 'tokens', given)
  narrow = token
})

afterAll(() => gateway?.stop())

/** A client of that revision names it in no header. */
async function connect(target: Target, revision = REVISION): Promise<LegacyClient> {
  const client = await initialize(target, { elicitation: {} }, revision)
  if (revision === REVISION) delete client.headers['MCP-Protocol-Version']
  return client
}

const request = (id: number | string, name: string, args = {}) => ({
  ...{ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } },
})
const notification = { jsonrpc: '2.0', method: 'notifications/initialized' }

function post(client: LegacyClient, batch: unknown, headers = {}): Promise<Response> {
  const body = JSON.stringify(batch)
  return send(client.target, 'POST', { ...client.headers, ...headers }, body)
}

const textOf = (message: Message | undefined) =>
  (message?.result?.content as { text: string }[] | undefined)?.[0]?.text

describe('in a session of 2025-03-26', () => {
  test.each([
    ['at a server', () => targetOf(gateway, 'late'), ''],
    ['at the catalog', () => ({ url: `${gateway.url}/mcp`, token: gateway.token }), 'late__'],
  ])('%s, all requests of a batch are answered in one list', async (_, target, prefix) => {
    const client = await connect(target())
    const batch = [
      request(1, `${prefix}say`, { tag: 'one' }),
      notification,
      request('two', `${prefix}say`, { tag: 'two' }),
      { jsonrpc: '2.0', id: 3, method: 'no/such' },
    ]
    const response = await post(client, batch)
    const answers = (await response.json()) as Message[]

    expect(response.status).toBe(200)
    expect(answers.map(({ id }) => id)).toEqual([1, 'two', 3])
    expect(answers.slice(0, 2).map(textOf)).toEqual(['{"tag":"one"}', '{"tag":"two"}'])
    expect(answers[2]?.error?.code).toBe(-32601)
  })

  test('each is a call of its own in the log, and reaches its server as it was written', async () => {
    const client = await connect(targetOf(gateway, 'late'))
    const text = `[ {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"say","arguments":{"tag":12345678901234567890}}},
      {"jsonrpc":"2.0","id":2,"method":"ping"} ]`
    const linesOfCalls = () => gateway.logs.filter((line) => line.includes('"event":"call"'))
    const before = linesOfCalls().length
    const response = await send(client.target, 'POST', client.headers, text)

    expect(await response.json()).toHaveLength(2)
    const isOfBatch = (line: string): boolean => /"method":"(tools\/call|ping)"/.test(line)
    await expect.poll(() => linesOfCalls().slice(before).filter(isOfBatch)).toHaveLength(2)
  })

  test('what is not answered at once comes on one stream, with what is asked meanwhile', async () => {
    const client = await connect(targetOf(gateway, 'asks'))
    const question = { method: 'elicitation/create', params: { message: 'who?' } }
    const response = await post(client, [
      request(1, 'ask', question),
      { jsonrpc: '2.0', id: 2, method: 'ping' },
    ])
    const stream = new EventReader(response, () => undefined)
    expect(response.headers.get('Content-Type')).toBe('text/event-stream')
    const asked = await stream.message(({ method }) => method === 'elicitation/create')
    await post(client, [{ jsonrpc: '2.0', id: asked.id, result: { action: 'accept' } }])
    await stream.rest()
    const answers = stream.messages.filter(({ method }) => method === undefined)

    expect(answers.map(({ id }) => id).toSorted()).toEqual([1, 2])
    expect(textOf(answers.find(({ id }) => id === 1))).toBe('{"action":"accept"}')
  })

  test('a large answer is one event, and takes no longer than its bytes', async () => {
    const bytes = 16_000_000
    const client = await connect(targetOf(gateway, 'long'))
    const response = await post(
      client,
      [request(1, 'fill', { bytes }), { jsonrpc: '2.0', id: 2, method: 'ping' }],
      { Accept: 'text/event-stream' },
    )
    const events = (await response.text()).split('\n\n').filter((event) => event.includes('data:'))

    expect(events.filter((event) => event.includes('"id":1'))).toHaveLength(1)
    expect(events.find((event) => event.includes('"id":1'))?.length).toBeGreaterThan(bytes / 2)
    expect(events.filter((event) => event.includes('"id":2'))).toHaveLength(1)
  })

  test('without a request there is nothing to answer', async () => {
    const client = await connect(targetOf(gateway, 'late'))
    const response = await post(client, [notification, notification])

    expect(response.status).toBe(202)
    expect(await response.text()).toBe('')
  })

  test('scopes hold for each request', async () => {
    const client = await connect({ url: gateway.mcpURL('late'), token: narrow })
    const response = await post(client, [request(1, 'say', { tag: 'may' }), request(2, 'release')])
    const [one, two] = (await response.json()) as Message[]

    expect(textOf(one)).toBe('{"tag":"may"}')
    expect(two?.error).toBeDefined()
  })

  test('limits hold for each request, and when to come back is said of all', async () => {
    const client = await connect(targetOf(gateway, 'limited'))
    const batch = [1, 2, 3, 4].map((id) => request(id, 'say', { tag: String(id) }))
    const mixed = await post(client, batch)
    const answers = (await mixed.json()) as Message[]

    expect(answers.filter(({ result }) => result !== undefined)).toHaveLength(2)
    expect(mixed.headers.get('Retry-After')).toMatch(/^\d+$/)
    const refused = await post(client, batch)
    expect(refused.status).toBe(429)
    expect(refused.headers.get('Retry-After')).toMatch(/^\d+$/)
  })

  test('what refuses the session refuses the batch', async () => {
    const client = await connect(targetOf(gateway, 'late'))
    await client.delete()
    const response = await post(client, [request(1, 'say'), request(2, 'say')])

    expect(response.status).toBe(404)
  })
})

describe('a batch is refused', () => {
  const refusals: [string, unknown[], string][] = [
    ['with initialize in it', [{ jsonrpc: '2.0', id: 1, method: 'initialize' }], 'invalid_message'],
    ['that is empty', [], 'invalid_message'],
    ['in a batch', [[request(1, 'say')]], 'invalid_message'],
    [
      'of too many messages',
      Array.from({ length: MAX_MESSAGES + 1 }, (_, n) => request(n, 'say')),
      'invalid_message',
    ],
  ]
  test.each(refusals)('%s', async (_, batch, code) => {
    const client = await connect(targetOf(gateway, 'late'))
    const response = await post(client, batch)
    const body = (await response.json()) as Message | Message[]

    expect(response.status).toBe(400)
    expect([body].flat()[0]?.error?.data?.code).toBe(code)
  })

  test('in a session of another revision, which its header names', async () => {
    const client = await connect(targetOf(gateway, 'late'), '2025-06-18')
    const response = await post(client, [request(1, 'say')])

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      id: null,
      error: { data: { code: 'batch_unsupported' } },
    })
  })

  test('in a session of another revision, which nothing names', async () => {
    const client = await connect(targetOf(gateway, 'late'), '2025-06-18')
    delete client.headers['MCP-Protocol-Version']
    const response = await post(client, [request(1, 'say'), request(2, 'say')])

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject([
      { id: 1, error: { data: { code: 'batch_unsupported' } } },
      { id: 2, error: { data: { code: 'batch_unsupported' } } },
    ])
  })

  test('over HTTP+SSE, and without a session', async () => {
    const target = targetOf(gateway, 'late')
    const response = await send(target, 'POST', {}, JSON.stringify([request(1, 'say')]))

    expect(response.status).toBe(400)
    const messages = {
      ...target,
      url: `${gateway.url}/messages/late?sessionId=main.${'0f'.repeat(16)}`,
    }
    const other = await send(messages, 'POST', {}, JSON.stringify([request(1, 'say')]))
    expect(other.status).toBe(400)
  })
})
