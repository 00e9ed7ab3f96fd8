/** Legacy sessions over processes that a test plays. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FRAME } from '#protocol/link/frame.ts'
import { initialize, send, sendInitialize } from '#test/support/http-client.ts'
import { startScriptedGateway, type ScriptedGateway } from '#test/support/scripted-gateway.ts'
import type { ScriptedHost } from '#test/support/scripted-host.ts'
import { answerAsLegacy, answerAsModern } from './answers.ts'

let gateway: ScriptedGateway

beforeAll(async () => {
  gateway = await startScriptedGateway()
})

afterAll(() => gateway.stop())

const holdingCalls = (answer: typeof answerAsLegacy) => ({
  answer: (request: { method?: string }) =>
    request.method === 'tools/call' ? undefined : answer(request),
})

/** The channels of `initialize` requests, the probe's first. */
const beginnings = (host: ScriptedHost) =>
  host.requests('initialize').map(({ channel, request }) => ({ channel, id: request.id ?? '' }))

const isClosed = (host: ScriptedHost, channel: number) =>
  host.frames.some((frame) => frame.type === FRAME.close && frame.channel === channel)

async function callChannel(host: ScriptedHost, count = 1): Promise<number> {
  await host.until(() => host.requests('tools/call').length === count, 'call')
  return host.requests('tools/call').at(-1)?.channel ?? 0
}

test('a start that outlasts the first keep-alive still tells the session id', async () => {
  const { host, target } = await gateway.tenant()
  host.script = {
    answer: (request) =>
      request.method === 'initialize' && beginnings(host).length > 1
        ? undefined
        : answerAsLegacy(request),
  }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })

  const response = await send(target, 'POST', {}, body)
  const [, begun] = beginnings(host)
  host.respond(begun?.channel ?? 0, 1, answerAsLegacy({ method: 'initialize' }))

  expect(response.headers.get('Content-Type')).toBe('text/event-stream')
  expect(await response.text()).toContain('"serverInfo"')
  const listed = await send(
    target,
    'POST',
    { 'Mcp-Session-Id': response.headers.get('Mcp-Session-Id') ?? '' },
    JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list' }),
  )
  expect(listed.status).toBe(200)
})

test('a process that never answers initialize is ended with its session', async () => {
  const { host, target } = await gateway.tenant({ timeoutMs: { call: 60_000, start: 300 } })
  host.script = {
    answer: (request) =>
      request.method === 'initialize' && beginnings(host).length > 1
        ? undefined
        : answerAsLegacy(request),
  }

  const { message, headers } = await sendInitialize(target)

  expect(message.error?.data).toMatchObject({ code: 'server_start_timeout' })
  expect(headers.get('Mcp-Session-Id')).toBeNull()
  const channel = beginnings(host)[1]?.channel ?? 0
  await host.until(() => isClosed(host, channel), 'end of the process')
})

test('a session that is deleted in the middle of a call leaves nothing in the store', async () => {
  const { host, target } = await gateway.tenant()
  host.script = holdingCalls(answerAsLegacy)
  const client = await initialize(target)
  const call = client.openCall('waits', {}, { progressToken: 'p' })
  const channel = await callChannel(host)
  host.notify(channel, 'notifications/progress', { progressToken: 'p', progress: 1 })
  const stream = await call

  await client.delete()
  await stream.rest()

  for (const [table, column] of [
    ['sessions', 'id'],
    ['streams', 'session'],
    ['events', 'session'],
  ] as const) {
    const rows = await gateway.rows(table)
    expect(rows.filter((row) => row[column] === client.sessionId)).toEqual([])
  }
})

test('the log of each session is trimmed, however they take turns', async () => {
  const { host, target } = await gateway.tenant()
  host.script = holdingCalls(answerAsLegacy)
  const clients = [await initialize(target), await initialize(target)]
  const channels: number[] = []
  const calls = []
  for (const client of clients) {
    calls.push(client.call('waits', {}, { id: 'last' }))
    channels.push(await callChannel(host, calls.length))
  }

  for (let n = 0; n < 400; n += 1) {
    for (const channel of channels) host.notify(channel, 'notifications/message', { data: n })
  }
  for (const channel of channels) host.respond(channel, 'last', {})
  await Promise.all(calls)

  const events = await gateway.rows('events')
  for (const { sessionId } of clients) {
    expect(events.filter(({ session }) => session === sessionId).length).toBeLessThan(290)
  }
})

test.each([
  { name: 'had not come when its process ended runs on the next one', seen: 1, calls: 2 },
  { name: 'had come is not run again', seen: 0, calls: 1 },
])('a call that $name', async ({ seen, calls }) => {
  const { host, target } = await gateway.tenant()
  host.script = holdingCalls(answerAsLegacy)
  const client = await initialize(target)

  const answer = client.call('unsafe')
  const channel = await callChannel(host)
  const frame = host.frames.findLast(({ payload }) => Buffer.from(payload).includes('tools/call'))
  host.exit(channel, (frame?.seq ?? 0) - seen)
  if (calls === 2) {
    const next = await callChannel(host, 2)
    host.respond(next, host.requests('tools/call').at(-1)?.request.id ?? '', { content: [] })
  }

  const { message } = await answer
  expect(message.error?.data?.code).toBe(calls === 2 ? undefined : 'server_exited')
  expect(host.requests('tools/call')).toHaveLength(calls)
})

test('requests that no client answers leave room for the next one', async () => {
  const { host, target } = await gateway.tenant()
  host.script = holdingCalls(answerAsLegacy)
  const client = await initialize(target)
  const call = client.openCall('asks')
  const channel = await callChannel(host)
  const ask = (n: number): void => {
    const payload = Buffer.from(
      `{"jsonrpc":"2.0","id":"ask-${n}","method":"sampling/createMessage","params":{"n":${n}}}`,
    )
    const meta = { kind: 'request', id: `ask-${n}`, method: 'sampling/createMessage' }
    host.send({ type: FRAME.message, channel, meta, payload })
  }
  for (let n = 1; n <= 300; n += 1) ask(n)
  const last = await (await call).message(({ params }) => params?.n === 300)

  await client.respond(last.id, { model: 'm' })

  const isAnswered = () =>
    host.frames.some(({ payload }) => Buffer.from(payload).includes('"id":"ask-300"'))
  await host.until(isAnswered, 'answer to the last request')
})

test('a session on a modern server listens again when the process was lost', async () => {
  const { host, target } = await gateway.tenant()
  host.script = {
    answer: (request) =>
      request.method === 'subscriptions/listen' ? undefined : answerAsModern(request),
  }
  const client = await initialize(target)
  await host.until(() => host.requests('subscriptions/listen').length === 1, 'subscription')

  host.exit(host.requests('subscriptions/listen')[0]?.channel ?? 0)
  await client.request('tools/list')

  expect(host.requests('subscriptions/listen')).toHaveLength(2)
})

test('a call that was cancelled while its client was asked is not taken up again', async () => {
  const { host, target } = await gateway.tenant()
  const asked = {
    resultType: 'input_required',
    inputRequests: { name: { method: 'sampling/createMessage', params: {} } },
  }
  host.script = {
    answer: (request) => (request.method === 'tools/call' ? asked : answerAsModern(request)),
  }
  const client = await initialize(target, { sampling: {} })
  const stream = await client.openCall('asks', {}, { id: 'asking' })
  const ask = await stream.message(({ method }) => method === 'sampling/createMessage')

  await client.notify('notifications/cancelled', { requestId: 'asking' })
  await stream.rest()
  await client.respond(ask.id, { role: 'assistant', model: 'm', content: {} })
  await client.request('tools/list')

  expect(host.requests('tools/call')).toHaveLength(1)
})

test('a call that went with its process and its object ends for the client that resumes it', async () => {
  const { host, target, evict } = await gateway.tenant()
  host.script = holdingCalls(answerAsLegacy)
  const client = await initialize(target)
  const call = client.openCall('waits', {}, { id: 'lost', progressToken: 'p' })
  const channel = await callChannel(host)
  host.notify(channel, 'notifications/progress', { progressToken: 'p', progress: 1 })
  const stream = await call
  await stream.message()
  await evict()

  const resumed = await client.resume(stream.lastEventId ?? '')

  const { id, error } = await resumed.message()
  expect(id).toBe('lost')
  expect(error?.data).toMatchObject({ code: 'server_exited', retryable: true })
  expect(await resumed.rest()).toEqual([])
})

test('what a former object passed on is not passed on again', async () => {
  const { host, target, evict } = await gateway.tenant()
  host.script = { answer: answerAsLegacy }
  const client = await initialize(target)
  const stream = await client.stream()
  const channel = host.requests('initialize').at(-1)?.channel ?? 0
  const sent = (data: string) => host.notify(channel, 'notifications/message', { data })
  sent('seen')
  await stream.message()
  await evict()

  const key = `session:${client.sessionId}`
  host.script.onHello = (socket, hello) => {
    host.welcome(socket, hello, { channels: [{ channel, key, server: 'own', digest: '' }] })
    host.replay(() => sent('seen'))
    host.replay(() => sent('new'))
  }
  const resumed = await client.resume(stream.lastEventId ?? '')

  expect((await resumed.message()).params).toEqual({ data: 'new' })
})

test('an initialize that is too large to be kept is refused', async () => {
  const { host, target } = await gateway.tenant()
  host.script = { answer: answerAsLegacy }

  const answer = await sendInitialize(target, { experimental: { text: 'x'.repeat(3_000_000) } })

  expect(answer.message.error?.data).toMatchObject({ code: 'invalid_params' })
})

test('a large answer reaches a client whose stream is open', async () => {
  const { host, target } = await gateway.tenant()
  host.script = holdingCalls(answerAsLegacy)
  const client = await initialize(target)
  const call = client.openCall('waits', {}, { id: 'large', progressToken: 'p' })
  const channel = await callChannel(host)
  host.notify(channel, 'notifications/progress', { progressToken: 'p', progress: 1 })
  const stream = await call
  for (const bytes of [1_899_000, 2_097_000, 2_400_000]) {
    const progress = { progressToken: 'p', progress: 2, message: 'x'.repeat(bytes) }
    host.notify(channel, 'notifications/progress', progress)
  }

  host.respond(channel, 'large', { content: [] })

  expect(await stream.rest()).toHaveLength(5)
})
