/** Answers that are no JSON-RPC, or nearly: the call that waits is answered at once. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { within } from '#test/support/event-reader.ts'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, send } from '#test/support/http-client.ts'

let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway({ servers: { told: fixture('answers-as-told') } })
})
afterAll(() => gateway?.stop())

const result = { content: [] }

test.each([
  ['without jsonrpc', '{"id":ID,"result":{"content":[]}}'],
  ['with a method that is null', '{"jsonrpc":"2.0","id":ID,"method":null,"result":{"content":[]}}'],
  ['with an error that is null', '{"jsonrpc":"2.0","id":ID,"error":null,"result":{"content":[]}}'],
])('one %s is taken', async (_, line) => {
  const client = await initialize(targetOf(gateway, 'told'))
  const { message } = await within(client.call('say', { line }, { id: 'x' }))

  expect(message).toEqual({ jsonrpc: '2.0', id: 'x', result })
})

test.each([
  ['an error that is a text', '{"jsonrpc":"2.0","id":ID,"error":"boom"}', -32_603, 'boom'],
  ['NaN', '{"jsonrpc":"2.0","id":ID,"result":{"n":NaN}}', -32_004, '{"n":NaN}'],
  ['NaN before the id', '{"result":{"n":NaN},"jsonrpc":"2.0","id":ID}', -32_004, '{"n":NaN}'],
  ['a result that is a text', '{"result":"hello","id":ID}', -32_004, 'hello'],
  [
    'an error without an id',
    '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Invalid Request"}}',
    ...([-32_600, 'Invalid Request'] as const),
  ],
])('one with %s fails its call at once, with what came', async (_, line, code, text) => {
  const client = await initialize(targetOf(gateway, 'told'))
  const { message } = await within(client.call('say', { line }, { id: 'x' }))

  expect(message).toMatchObject({ id: 'x', error: { code } })
  expect(message.error?.message).toContain(text)
  expect((await client.call('params')).message.result).toBeDefined()
})

test('one that cannot be read fails the call of a modern client, too', async () => {
  const client = new ModernClient(targetOf(gateway, 'told'))
  const line = '{"jsonrpc":"2.0","id":ID,"result":{"n":NaN}}'
  const { message } = await within(client.call('say', { line }))

  expect(message.error?.data?.code).toBe('answer_unreadable')
})

test.each(['null', '[]'])('a request with params of %s is taken as one without', async (params) => {
  const client = await initialize(targetOf(gateway, 'told'))
  const body = `{"jsonrpc":"2.0","id":"x","method":"tools/list","params":${params}}`
  const response = await send(client.target, 'POST', client.headers, body)

  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ id: 'x', result: { tools: expect.any(Array) } })
})
