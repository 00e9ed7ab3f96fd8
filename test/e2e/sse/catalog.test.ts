/** All servers as one over HTTP+SSE: the catalog, by the same code as a single server. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { readText } from '#test/e2e/clients/client.ts'
import { connectOverSSE } from '#test/e2e/clients/sdk-v1-sse.ts'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { readTool, type Target } from '#test/support/http-client.ts'
import { isRunning, waitUntilGone } from '#test/support/processes.ts'
import { connectSSE, openSSE } from '#test/support/sse-client.ts'

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    variables: { KEEP_ALIVE_MS: '500' },
    servers: {
      asks: fixture('asks-client'),
      lists: fixture('changes-lists'),
      one: fixture('exits-in-call'),
      two: fixture('exits-in-call'),
    },
  })
})

afterAll(() => gateway?.stop())

const target = (token = gateway.token, path = '/sse'): Target => {
  return { url: `${gateway.url}${path}`, token }
}
const list = { jsonrpc: '2.0', id: 'x', method: 'tools/list' }

test('an SDK client lists and calls the tools of all servers', async () => {
  const client = await connectOverSSE(target())

  const { tools } = await client.listTools()
  const call = (name: string) => client.callTool({ name, arguments: {} }, CallToolResultSchema)
  const [one, two] = [await call('one__pid'), await call('two__pid')]

  expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['one__exit', 'two__exit']))
  expect(readText(one)).not.toBe(readText(two))
  await client.close()
})

test('the path of the tenant is another way to the same', async () => {
  const client = await connectSSE(target(gateway.token, '/t/local/sse'))

  expect(new URL(client.endpoint).pathname).toBe('/t/local/messages')
  expect(readTool<number>({ message: await client.call('one__pid') })).toBeGreaterThan(0)
  client.leave()
})

test('what servers ask and tell comes on the one stream', async () => {
  const client = await connectSSE(target(), { sampling: {} })
  const ask = { method: 'sampling/createMessage', params: {} }
  const id = await client.begin('tools/call', { name: 'asks__ask', arguments: ask })
  const asked = await client.message(({ method }) => method === ask.method)
  expect(await client.respond(asked.id, { role: 'assistant' })).toBe(202)
  expect(readTool({ message: await client.answer(id) })).toEqual({ role: 'assistant' })

  await client.call('lists__change')
  await client.message(({ method }) => method === 'notifications/tools/list_changed')
  client.leave()
})

test('a name that there is not is told on the stream', async () => {
  const client = await connectSSE(target())

  const { error } = await client.call('one__nothing-of-the-kind')

  expect(error).toBeDefined()
  expect((await client.call('nobody__pid')).error?.data).toMatchObject({ code: 'unknown_tool' })
  client.leave()
})

test('a session of the catalog is none of a server, nor of another principal', async () => {
  const client = await connectSSE(target())
  const { token } = await gateway.admin<{ token: string }>('POST', 'tokens', {
    ...{ name: 'other', grants: { scopes: ['*'] } },
  })
  const ofServer = client.endpoint.replace('/messages', '/messages/one')
  const elsewhere = { ...gateway.headers, 'Content-Type': 'application/json' }
  const body = JSON.stringify(list)

  expect((await fetch(ofServer, { method: 'POST', headers: elsewhere, body })).status).toBe(404)
  expect((await client.post(list, {}, token)).status).toBe(404)
  expect((await client.post({ ...list, id: 'y' })).status).toBe(202)
  expect((await client.answer('y')).result).toBeDefined()
  client.leave()
})

test('a token for one server sees that one alone, and one for nothing is refused', async () => {
  const issue = (scopes: string[]) =>
    gateway.admin<{ token: string }>('POST', 'tokens', { name: 'some', grants: { scopes } })
  const some = await connectSSE(target((await issue(['servers:one'])).token))

  const { result } = await some.request('tools/list')
  const { tools } = result as { tools: { name: string }[] }
  expect(tools.map(({ name }) => name).toSorted()).toEqual(['one__exit', 'one__pid'])
  expect((await some.call('two__pid')).error?.data).toMatchObject({ code: 'unknown_tool' })
  some.leave()
  const { token } = await issue([])
  await expect(openSSE(target(token))).rejects.toThrow('403')
})

test('a client that vanishes leaves none of the processes that it used', async () => {
  const client = await connectSSE(target())
  const pids = [
    readTool<number>({ message: await client.call('one__pid') }),
    readTool<number>({ message: await client.call('two__pid') }),
  ]
  expect(pids.every(isRunning)).toBe(true)

  client.leave()

  await Promise.all(pids.map((pid) => waitUntilGone(pid)))
})

test('after a cut the client goes on without a handshake', async () => {
  const client = await connectSSE(target())
  await client.call('one__pid')
  await gateway.evictServerHost()
  await client.ended

  const again = await openSSE(target())
  expect(readTool<number>({ message: await again.call('two__pid') })).toBeGreaterThan(0)
  again.leave()
})
