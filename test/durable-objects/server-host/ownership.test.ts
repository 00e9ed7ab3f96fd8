/** A session is its principal's, and what a credential opened ends with it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FRAME } from '#protocol/link/frame.ts'
import { initialize, LegacyClient, ModernClient, send } from '#test/support/http-client.ts'
import type { Target } from '#test/support/http-client.ts'
import { startScriptedGateway, type ScriptedGateway } from '#test/support/scripted-gateway.ts'
import { answerAsLegacy, answerAsModern } from './answers.ts'

let gateway: ScriptedGateway

beforeAll(async () => {
  gateway = await startScriptedGateway()
})

afterAll(() => gateway.stop())

interface Asked {
  method?: string
}

const holdingCalls = (answer: (asked: Asked) => object) => (asked: Asked) =>
  asked.method === 'tools/call' || asked.method === 'subscriptions/listen'
    ? undefined
    : answer(asked)

describe('a session of another principal', () => {
  /** All that a client can do with a session, and what it is told: nothing of the request itself. */
  async function answers(target: Target, sessionId: string): Promise<unknown[]> {
    const ask = { jsonrpc: '2.0', id: 'ask', method: 'tools/list' }
    const bodies = [ask, { jsonrpc: '2.0', method: 'notifications/initialized' }]
    const headers = { 'Mcp-Session-Id': sessionId }
    const responses = [
      ...bodies.map((body) => send(target, 'POST', headers, JSON.stringify(body))),
      send(target, 'GET', headers),
      send(target, 'GET', { ...headers, 'Last-Event-ID': '0-0' }),
      send(target, 'DELETE', headers),
    ]
    return Promise.all(
      responses.map(async (responding) => {
        const response = await responding
        const own = [...response.headers].filter(([name]) => name !== 'x-request-id')
        return { status: response.status, headers: own, body: await response.text() }
      }),
    )
  }

  test.each([
    ['in memory', false],
    ['in the store', true],
  ])('%s is as one that never was, and goes on', async (_where, isEvicted) => {
    const { host, target, issue, evict } = await gateway.tenant()
    host.script = { answer: answerAsLegacy }
    const client = await initialize(target)
    const other = (await issue({})).target
    if (isEvicted) await evict()
    const begun = host.requests('initialize').length

    const stolen = await answers(other, client.sessionId)
    const unknown = await answers(other, `main.${'0f'.repeat(16)}`)

    expect(stolen).toEqual(unknown)
    expect(stolen).toMatchObject(Array(5).fill({ status: 404 }))
    expect(host.requests('initialize')).toHaveLength(begun)
    expect((await client.request('tools/list')).status).toBe(200)
  })

  test('is the session of the next token of the same principal', async () => {
    const { host, issue } = await gateway.tenant()
    host.script = { answer: answerAsLegacy }
    const token = await issue({})
    const client = await initialize(token.target)

    const rotated = new LegacyClient(await token.rotate(0), client.sessionId)

    expect((await rotated.request('tools/list')).status).toBe(200)
    expect((await client.request('tools/list')).status).toBe(401)
  })
})

describe('with a credential that is revoked', () => {
  test('end its GET stream and its calls, and not its session', async () => {
    const { host, issue } = await gateway.tenant()
    host.script = { answer: holdingCalls(answerAsLegacy) }
    const token = await issue({})
    const client = await initialize(token.target)
    const get = await client.stream()
    const silent = client.call('waits', {}, { id: 'silent' })
    const speaking = client.openCall('waits', {}, { id: 'speaking', progressToken: 'p' })
    await host.until(() => host.requests('tools/call').length === 2, 'two calls')
    const channel = host.requests('tools/call')[0]?.channel ?? 0
    host.notify(channel, 'notifications/progress', { progressToken: 'p', progress: 1 })
    const stream = await speaking
    const next = new LegacyClient(await token.rotate(60_000), client.sessionId)

    const begun = Date.now()
    await token.revoke()
    const [answer, events, rest] = [await silent, await stream.rest(), await get.rest()]

    expect(Date.now() - begun).toBeLessThan(1_000)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('WWW-Authenticate')).toContain('error="invalid_token"')
    expect(answer.message).toMatchObject({
      id: 'silent',
      error: { data: { code: 'unauthorized' } },
    })
    expect(events.at(-1)).toMatchObject({ id: 'speaking', error: { code: -32000 } })
    expect(rest).toEqual([])
    const cancelled = host.requests('notifications/cancelled')
    expect(cancelled.map(({ request }) => request.params?.requestId).sort()).toEqual([
      ...['silent', 'speaking'],
    ])
    expect((await client.request('ping')).status).toBe(401)
    expect((await next.request('tools/list')).status).toBe(200)
  })

  test('a stream that it was resumed by ends, and one of the next token goes on', async () => {
    const { host, issue } = await gateway.tenant()
    host.script = { answer: answerAsLegacy }
    const token = await issue({})
    const client = await initialize(token.target)
    const channel = host.requests('initialize').at(-1)?.channel ?? 0
    const tell = (data: string) => host.notify(channel, 'notifications/message', { data })
    const rotated = await token.rotate(60_000)
    tell('first')
    const resumed = await client.resume('0-0')
    expect((await resumed.message()).params).toEqual({ data: 'first' })

    await token.revoke()
    await resumed.rest()
    const own = await new LegacyClient(rotated, client.sessionId).stream()
    await token.revoke()
    tell('second')

    expect((await own.message()).params).toEqual({ data: 'second' })
    own.disconnect()
  })

  test.each([
    ['legacy', answerAsLegacy],
    ['modern', answerAsModern],
  ])('end modern calls and subscriptions on a %s server', async (_era, answer) => {
    const { host, target, issue } = await gateway.tenant()
    host.script = { answer: holdingCalls(answer) }
    const token = await issue({})
    const client = new ModernClient(token.target)
    const call = client.call('waits', {}, { id: 'waiting' })
    const listening = client.request(
      'subscriptions/listen',
      { notifications: { toolsListChanged: true } },
      { id: 'listening' },
    )
    const otherCall = new ModernClient(target).call('waits', {}, { id: 'other' })
    await host.until(() => host.requests('tools/call').length === 2, 'two calls')

    await token.revoke()
    const [ended, closed] = [await call, await listening]

    expect(ended.status).toBe(401)
    for (const { message } of [ended, closed]) {
      expect(message.error?.data).toMatchObject({ code: 'unauthorized' })
    }
    expect((await client.call('waits')).status).toBe(401)
    const going = host.requests('tools/call').at(-1)
    host.respond(going?.channel ?? 0, going?.request.id ?? '', { content: [] })
    expect((await otherCall).message.result).toMatchObject({ content: [] })
  })

  test('ends a session that is about to begin, with its process', async () => {
    const { host, issue } = await gateway.tenant()
    let holds = false
    host.script = {
      answer: (asked) =>
        holds && asked.method === 'initialize' ? undefined : answerAsLegacy(asked),
    }
    const token = await issue({})
    await initialize(token.target)
    const kept = (await gateway.rows('sessions')).length
    holds = true
    const begun = host.requests('initialize').length
    const beginning = send(
      ...([token.target, 'POST', {}] as const),
      JSON.stringify({
        ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} },
      }),
    )
    await host.until(() => host.requests('initialize').length > begun, 'initialize')

    await token.revoke()
    const response = await beginning
    const { channel, request } = host.requests('initialize').at(-1) ?? {}
    host.respond(channel ?? 0, request?.id ?? '', answerAsLegacy({ method: 'initialize' }))

    expect(response.status).toBe(401)
    expect(response.headers.get('Mcp-Session-Id')).toBeNull()
    const isClosed = () =>
      host.frames.some((frame) => frame.channel === channel && frame.type === FRAME.close)
    await host.until(isClosed, 'end of the process')
    expect(await gateway.rows('sessions')).toHaveLength(kept)
  })
})

test('with a credential whose time is over end its streams and calls', async () => {
  const { host, issue } = await gateway.tenant()
  host.script = { answer: holdingCalls(answerAsLegacy) }
  const expiresAt = Date.now() + 2_000
  const { target } = await issue({ expiresAt })
  const client = await initialize(target)
  const get = await client.stream()
  const waiting = [client.call('waits'), new ModernClient(target).call('waits')]

  const answers = await Promise.all(waiting)
  await get.rest()
  const late = Date.now() - expiresAt

  expect(late).toBeGreaterThanOrEqual(0)
  expect(late).toBeLessThan(1_000)
  // They have begun as streams by then.
  expect(answers.map(({ message }) => message.error?.data)).toMatchObject([
    { code: 'unauthorized' },
    { code: 'unauthorized' },
  ])
  expect((await client.request('ping')).status).toBe(401)
})

test('a token that was rotated ends what it opened when its overlap is over', async () => {
  const { host, issue } = await gateway.tenant()
  host.script = { answer: answerAsLegacy }
  const token = await issue({})
  const client = await initialize(token.target)
  const get = await client.stream()
  const rotatedAt = Date.now()

  await token.rotate(1_500)
  await get.rest()
  const lasted = Date.now() - rotatedAt

  expect(lasted).toBeGreaterThanOrEqual(1_400)
  expect(lasted).toBeLessThan(3_000)
})
