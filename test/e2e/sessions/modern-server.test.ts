/** Legacy and modern clients on a server that speaks the modern era alone. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import {
  initialize,
  ModernClient,
  readTool,
  send,
  sendInitialize,
} from '#test/support/http-client.ts'

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({ servers: { asks: fixture('asks-modern') } })
})

afterAll(() => gateway?.stop())

const connect = (capabilities = {}) => initialize(targetOf(gateway, 'asks'), capabilities)

test('a legacy client is initialised in its own revision', async () => {
  const { message, headers } = await sendInitialize(targetOf(gateway, 'asks'), {}, '2025-06-18')

  expect(headers.get('Mcp-Session-Id')).toMatch(/^main\.[0-9a-f]{32}$/)
  expect(message.result).toMatchObject({
    protocolVersion: '2025-06-18',
    capabilities: { tools: { listChanged: true } },
    serverInfo: { name: 'modern-fixture' },
  })
})

test('results have what their era knows: a legacy client sees no result type', async () => {
  const legacy = await (await connect()).request('tools/list')
  const modern = await new ModernClient(targetOf(gateway, 'asks')).request('tools/list')

  expect(legacy.message.result).not.toHaveProperty('resultType')
  expect(legacy.message.result).not.toHaveProperty('ttlMs')
  expect(modern.message.result).toMatchObject({ resultType: 'complete', ttlMs: 0 })
  expect(legacy.message.result?.tools).toEqual(modern.message.result?.tools)
})

test('an input request becomes a request to the legacy client, and its answer the retry', async () => {
  const client = await connect({ elicitation: {} })
  const call = await client.openCall('ask')
  const asked = await call.message()
  expect(asked).toMatchObject({ method: 'elicitation/create', params: { message: 'who?' } })
  await client.respond(asked.id, { action: 'accept', content: { name: 'Vesta' } })

  const told = readTool<{ told: object; state: string }>({ message: await call.message() })
  expect(told).toEqual({ told: { action: 'accept', content: { name: 'Vesta' } }, state: 'kept' })
})

test('a legacy client that cannot be asked gets an error, and its session goes on', async () => {
  const client = await connect()
  const { message } = await client.call('ask')
  expect(message.error ?? message.result).toMatchObject(
    message.error === undefined ? { isError: true } : { code: expect.any(Number) },
  )

  expect((await client.call('pid')).status).toBe(200)
})

test('an input request passes to a modern client, and its retry to the server with its own state', async () => {
  const client = new ModernClient(targetOf(gateway, 'asks'), { elicitation: { form: {} } })
  const { message } = await client.call('ask')
  expect(message.result).toMatchObject({
    resultType: 'input_required',
    inputRequests: { who: { method: 'elicitation/create' } },
    requestState: expect.stringMatching(/\.kept$/),
  })

  const inputResponses = { who: { action: 'decline' } }
  const { requestState } = message.result ?? {}
  const answer = await client.call('ask', {}, {}, { inputResponses, requestState })
  expect(readTool(answer)).toEqual({ told: { action: 'decline' }, state: 'kept' })
})

test('a changed list reaches the GET streams of legacy sessions and the listeners', async () => {
  const client = await connect()
  const get = await client.stream()
  const listening = await new ModernClient(targetOf(gateway, 'asks')).listen(
    { toolsListChanged: true },
    'modern-listener',
  )
  await listening.message()
  await client.call('change')

  expect((await get.message()).method).toBe('notifications/tools/list_changed')
  expect((await listening.message()).method).toBe('notifications/tools/list_changed')
  get.disconnect()
  listening.disconnect()
})

test('what the gateway answers for the server: ping and the log level', async () => {
  const client = await connect()

  expect((await client.request('ping')).message.result).toEqual({})
  expect((await client.request('logging/setLevel', { level: 'info' })).message.result).toEqual({})
})

test('a deleted session is gone, and the process that others use stays', async () => {
  const [one, two] = [await connect(), await connect()]
  const pid = readTool(await two.call('pid'))
  expect((await send(one.target, 'DELETE', one.headers)).status).toBe(204)

  expect((await one.call('pid')).status).toBe(404)
  expect(readTool(await two.call('pid'))).toBe(pid)
})
