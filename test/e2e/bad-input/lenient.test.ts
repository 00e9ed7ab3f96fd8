/** Clients and servers that do not quite do what the transport asks for, and are understood. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, LegacyClient, ModernClient, readTool } from '#test/support/http-client.ts'

const JSON_ONLY = { headers: { Accept: 'application/json' } }
const EVENTS_ONLY = { headers: { Accept: 'text/event-stream' } }
const ELICIT = { method: 'elicitation/create', params: { message: 'who?' } }

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      ticks: fixture('ticks'),
      asks: fixture('asks-client'),
      'asks-modern': fixture('asks-modern'),
      marked: fixture('begins-with-mark'),
    },
  })
})

afterAll(() => gateway?.stop())

const connect = (server: string) => initialize(targetOf(gateway, server), { elicitation: {} })

describe('a client that takes JSON alone', () => {
  test.each([
    ['in a session', () => connect('ticks')],
    ['of the modern era', async () => new ModernClient(targetOf(gateway, 'ticks'))],
  ])('%s gets the answer, and no progress before it', async (_, open) => {
    const client = await open()
    const call = client.call('tick', { first: 2 }, { ...JSON_ONLY, progressToken: 'token' })
    // Longer than a call may be quiet before its answer becomes a stream.
    const other = await (await open()).openCall('tick', {}, { progressToken: 'other' })
    other.disconnect()
    await client.call('go')
    const { headers, events, message } = await call

    expect(headers.get('Content-Type')).toBe('application/json')
    expect(events).toEqual([])
    expect(readTool({ message })).toEqual({ ticks: 2 })
  })

  test('is asked on its GET stream', async () => {
    const client = await connect('asks')
    const stream = await client.stream()
    const call = client.call('ask', ELICIT, JSON_ONLY)
    const asked = await stream.message()
    await client.respond(asked.id, { action: 'accept' })
    stream.disconnect()

    expect(readTool(await call)).toEqual({ action: 'accept' })
  })

  test('without one, its server is told that it cannot be asked', async () => {
    const client = await connect('asks')
    const answer = await client.call('ask', ELICIT, JSON_ONLY)

    expect(answer.headers.get('Content-Type')).toBe('application/json')
    expect(readTool(answer)).toMatchObject({
      error: { code: -32601, message: expect.stringContaining('Accept') },
    })
  })

  test('and so is the client where the server is of the modern era', async () => {
    const client = await connect('asks-modern')
    const { message } = await client.call('ask', {}, JSON_ONLY)

    expect(message.result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('Accept') }],
    })
  })
})

test.each([
  ['in a session', () => connect('asks')],
  ['of the modern era', async () => new ModernClient(targetOf(gateway, 'asks'))],
])('a client %s that takes event streams alone gets one at once', async (_, open) => {
  const { headers, message } = await (await open()).request('tools/list', {}, EVENTS_ONLY)

  expect(headers.get('Content-Type')).toBe('text/event-stream')
  expect(message.result).toHaveProperty('tools')
})

test.each(['/mcp/', '/mcp/asks/'])('%s is the URL without the slash', async (path) => {
  const target = { url: `${gateway.url}${path}`, token: gateway.token }
  const client = await initialize(target)
  const { message } = await client.request('tools/list')

  expect(message.result).toHaveProperty('tools')
  const { url } = { url: target.url.slice(0, -1) }
  const same = new LegacyClient({ ...target, url }, client.sessionId)
  expect((await same.request('ping')).message.result).toEqual({})
})

test('a byte order mark before a server’s first message is passed over', async () => {
  const client = await connect('marked')

  expect(readTool(await client.call('hello'))).toBe(true)
})
