/** What is posted over HTTP+SSE: how it is answered, refused, and told on the stream. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Message } from '#test/support/event-reader.ts'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { readTool, type Target } from '#test/support/http-client.ts'
import { LATEST_MODERN, META } from '#protocol/mcp.ts'
import { connectSSE, openSSE } from '#test/support/sse-client.ts'

const MAX_BODY_BYTES = 65_536
const LARGE_BYTES = 20 * 1024 * 1024
/** What a stream has room for. */
const UNANSWERED = 256
const LARGE_TIMEOUT_MS = 60_000
const window = { algorithm: 'sliding-window', windowMs: 600_000 } as const

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    variables: { MAX_BODY_BYTES: String(MAX_BODY_BYTES) },
    servers: {
      asks: fixture('asks-client'),
      fills: fixture('answers-at-length'),
      pids: fixture('exits-in-call'),
      ticks: fixture('ticks'),
      holds: fixture('ticks', {
        limits: [{ name: 'one', per: 'principal', algorithm: 'concurrency', limit: 1 }],
      }),
      scarce: fixture('exits-in-call', {
        limits: [{ name: 'few', per: 'principal', ...window, limit: 2 }],
      }),
      quits: fixture('exits-at-once'),
      kept: fixture('exits-in-call', {
        transform: [{ use: 'cache', match: { tools: ['pid'] } }],
      }),
    },
  })
})

afterAll(() => gateway?.stop())

const targetOf = (server: string, token = gateway.token): Target => {
  return { url: `${gateway.url}/sse/${server}`, token }
}
const call = (id: string, name = 'pid') => {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {} } }
}

test(
  'two answers of 20 MB at once arrive whole, and notifications between them',
  async () => {
    const client = await connectSSE(targetOf('fills'))

    const bytes = { bytes: LARGE_BYTES }
    const [one, two] = await Promise.all([
      client.begin('tools/call', { name: 'fill', arguments: bytes }),
      client.begin('tools/call', { name: 'fill', arguments: bytes }),
    ])
    const isOf = (id: unknown) => (message: { id?: unknown }) => message.id === id
    const answers = [
      await client.message(isOf(one), LARGE_TIMEOUT_MS),
      await client.message(isOf(two), LARGE_TIMEOUT_MS),
    ]

    for (const message of answers) {
      const text = readTool<string>({ message })
      expect(text.length).toBe(LARGE_BYTES / 2)
      expect(/^é*$/.test(text)).toBe(true)
    }
    client.leave()
  },
  2 * LARGE_TIMEOUT_MS,
)

test('what is said of a call comes in order, and before its answer', async () => {
  const client = await connectSSE(targetOf('ticks'))
  const tick = { name: 'tick', arguments: { first: 200, then: 200 } }
  const id = await client.begin('tools/call', tick, { progressToken: 't' })
  await client.message(({ params }) => params?.progress === 200)
  await client.call('go')
  await client.answer(id)

  const last = client.messages.findIndex((message) => message.id === id)
  const progress = client.messages.slice(0, last).flatMap(({ params }) => params?.progress ?? [])
  expect(progress).toEqual(Array.from({ length: 400 }, (_, n) => n + 1))
  client.leave()
})

test('two clients at once have a process each, and hear nothing of each other', async () => {
  const [one, two] = await Promise.all([connectSSE(targetOf('pids')), connectSSE(targetOf('pids'))])

  const ids = Array.from({ length: 20 }, (_, n) => n)
  const pidsOf = (client: typeof one) =>
    Promise.all(ids.map(async () => readTool<number>({ message: await client.call('pid') })))
  const [ofOne, ofTwo] = await Promise.all([pidsOf(one), pidsOf(two)])

  expect(new Set(ofOne).size).toBe(1)
  expect(new Set(ofTwo).size).toBe(1)
  expect(ofOne[0]).not.toBe(ofTwo[0])
  expect([one, two].map(({ messages }) => messages.length)).toEqual([21, 21])
  one.leave()
  two.leave()
})

test('what is kept is answered on the stream, without its server', async () => {
  const [one, two] = await Promise.all([connectSSE(targetOf('kept')), connectSSE(targetOf('kept'))])

  const [first, second] = [await one.call('pid'), await two.call('pid')]

  expect(second.id).not.toBe(first.id)
  expect(readTool({ message: second })).toBe(readTool({ message: first }))
  one.leave()
  two.leave()
})

test('what the server asks in a call and out of it is answered by a post', async () => {
  const client = await connectSSE(targetOf('asks'), { sampling: {} })
  for (const tool of ['ask', 'outside']) {
    const known = client.messages.length
    const ask = { method: 'sampling/createMessage', params: {} }
    const id = await client.begin('tools/call', { name: tool, arguments: ask })
    const isAsk = (message: Message) =>
      message.method !== undefined && client.messages.indexOf(message) >= known
    const asked = await client.message(isAsk)

    expect(await client.respond(asked.id, { role: 'assistant' })).toBe(202)
    expect(await client.respond('never-asked', {})).toBe(202)
    expect((await client.answer(id)).result).toBeDefined()
  }
  client.leave()
})

describe('what is refused', () => {
  const message = { jsonrpc: '2.0', id: 'r', method: 'ping' }
  const large = { ...message, params: { text: 'x'.repeat(MAX_BODY_BYTES) } }
  const foreign = { Origin: 'https://evil.example' }
  const text = { 'Content-Type': 'text/plain' }

  test.each([
    { name: 'no JSON', body: '{', status: 400, code: 'parse_error', headers: {} },
    { name: 'a batch', body: [message], status: 400, code: 'batch_unsupported', headers: {} },
    { name: 'no message', body: {}, status: 400, code: 'invalid_message', headers: {} },
    {
      name: 'another type',
      body: message,
      status: 415,
      code: 'unsupported_media_type',
      headers: text,
    },
    { name: 'too large', body: large, status: 413, code: 'body_too_large', headers: {} },
    {
      name: 'a foreign page',
      body: message,
      status: 403,
      code: 'origin_forbidden',
      headers: foreign,
    },
    {
      ...{ name: 'an unknown revision', body: message, status: 400, code: 'unsupported_version' },
      headers: { 'MCP-Protocol-Version': '2020-01-01' },
    },
  ])('$name is told by the status', async ({ body, status, code, headers }) => {
    const client = await connectSSE(targetOf('pids'))

    const answer = await client.post(body, headers)

    expect([answer.status, /"code":"(\w+)"/.exec(answer.text)?.[1]]).toEqual([status, code])
    expect((await client.request('ping')).result).toEqual({})
    client.leave()
  })

  test('a rate limit: by the status and on the stream', async () => {
    const client = await connectSSE(targetOf('scarce'))
    await client.call('pid')

    const { status, headers } = await client.post(call('over'))

    expect(status).toBe(429)
    expect(headers.get('Retry-After')).toBeTruthy()
    expect((await client.answer('over')).error?.data).toMatchObject({ code: 'rate_limited' })
    client.leave()
  })

  test('a concurrency limit: the same, and its slot comes back', async () => {
    const client = await connectSSE(targetOf('holds'))
    const tick = { name: 'tick', arguments: { first: 1 } }
    const held = await client.begin('tools/call', tick, { progressToken: 't' })
    await client.message(({ params }) => params?.progress === 1)

    const { status } = await client.post(call('over'))
    expect(status).toBe(429)
    expect((await client.answer('over')).error?.data).toMatchObject({ code: 'too_many_calls' })

    await client.notify('notifications/cancelled', { requestId: held })
    expect((await client.call('pid')).result).toBeDefined()
    expect(client.messages.some(({ id }) => id === held)).toBe(false)
    client.leave()
  })

  test('more requests at once than a stream has room for, until one is answered', async () => {
    const client = await connectSSE(targetOf('ticks'))
    const tick = { name: 'tick', arguments: {} }
    const begin = (id: number) => client.begin('tools/call', tick, { id, progressToken: id })
    for (let id = 1_000; id < 1_000 + UNANSWERED; id++) await begin(id)

    const { status } = await client.post(call('over'))
    expect(status).toBe(429)
    expect((await client.answer('over')).error?.data).toMatchObject({ code: 'too_many_calls' })
    await client.notify('notifications/cancelled', { requestId: 1_000 })
    expect((await client.request('ping')).result).toEqual({})
    client.leave()
  })

  test('a tool that is not granted: on the stream alone', async () => {
    const grants = { scopes: ['servers:pids'], deny: { tools: ['pids/exit'] } }
    const { token } = await gateway.admin<{ token: string }>('POST', 'tokens', {
      ...{ name: 'limited', grants },
    })
    const client = await connectSSE(targetOf('pids', token))

    const { status, text: body } = await client.post(call('denied', 'exit'))

    expect([status, body]).toEqual([202, ''])
    expect((await client.answer('denied')).error?.data).toMatchObject({ code: 'unknown_tool' })
    client.leave()
  })

  test('a request of the modern era: its client takes the endpoint for a legacy one', async () => {
    const client = await openSSE(targetOf('pids'))
    const _meta = { [META.protocolVersion]: LATEST_MODERN, [META.clientCapabilities]: {} }
    const id = await client.begin('server/discover', { _meta })

    expect((await client.answer(id)).error?.code).toBe(-32601)
    client.leave()
  })

  test('a second initialize', async () => {
    const client = await connectSSE(targetOf('ticks'))
    const again = { ...call('again'), method: 'initialize', params: {} }
    expect((await client.post(again)).status).toBe(400)
    client.leave()
  })

  test('a server that does not start: on the stream, and initialize may be sent again', async () => {
    const client = await openSSE(targetOf('quits'))
    const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: {} }

    for (const _ of [1, 2]) {
      const { error } = await client.request('initialize', params)
      expect(String(error?.data?.code)).toMatch(/^server_/)
    }
    client.leave()
  })
})

describe('other methods', () => {
  const session = `main.${'0'.repeat(32)}`

  test.each([
    { method: 'DELETE', path: '/sse/pids', allow: 'GET, OPTIONS' },
    { method: 'POST', path: '/sse/pids', allow: 'GET, OPTIONS' },
    { method: 'GET', path: `/messages/pids?sessionId=${session}`, allow: 'POST, OPTIONS' },
    { method: 'DELETE', path: `/messages/pids?sessionId=${session}`, allow: 'POST, OPTIONS' },
    { method: 'PUT', path: '/messages/pids', allow: 'POST, OPTIONS' },
  ])('$method $path is 405, and told what is taken', async ({ method, path, allow }) => {
    const response = await fetch(`${gateway.url}${path}`, { method, headers: gateway.headers })

    expect([response.status, response.headers.get('Allow')]).toEqual([405, allow])
    await response.body?.cancel()
  })

  test.each([
    { path: '/messages/pids', status: 400, code: 'invalid_params' },
    { path: '/messages/pids?sessionId=..%2F', status: 404, code: 'session_not_found' },
    { path: `/messages/pids?sessionId=${session}`, status: 404, code: 'session_not_found' },
    { path: `/messages/none?sessionId=${session}`, status: 404, code: 'server_not_found' },
  ])('a post to $path is $status', async ({ path, status, code }) => {
    const response = await fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { ...gateway.headers, 'Content-Type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    })

    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ id: 1, error: { data: { code } } })
  })

  test('a GET that takes no stream, and one without a token', async () => {
    const { url } = targetOf('pids')
    const headers = { ...gateway.headers, Accept: 'application/json' }

    expect((await fetch(url, { headers })).status).toBe(406)
    expect((await fetch(url, { headers: { Accept: 'text/event-stream' } })).status).toBe(401)
  })
})
