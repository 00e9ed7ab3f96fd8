/** Lists of tools that hold at every URL: what a client's file took away does not come back behind the gateway. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, type Answer } from '#test/support/http-client.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

/** It has the tools `pid` and `exit`. */
const server = (tools?: object) => ({
  ...fixture('exits-in-call'),
  ...(tools !== undefined && { catalog: { tools } }),
})
const servers = {
  denied: server({ deny: ['exit'], everywhere: true }),
  allowed: server({ allow: ['p*'], everywhere: true }),
  shown: server({ deny: ['exit'] }),
}
let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({ servers })
})
afterAll(() => gateway?.stop())

function namesOf({ message }: Answer): string[] {
  return (message.result as { tools: { name: string }[] }).tools.map(({ name }) => name).toSorted()
}

const connect = (path: string, token = gateway.token) =>
  initialize({ url: `${gateway.url}${path}`, token })

test.each(['denied', 'allowed'])(
  'at /mcp/%s the tool is neither listed nor called',
  async (name) => {
    const session = await connect(`/mcp/${name}`)
    const refused = await session.call('exit', {})

    expect(namesOf(await session.request('tools/list'))).toEqual(['pid'])
    expect(refused.message).toMatchObject({ error: { code: -32602 } })
    expect((await session.call('pid', {})).message).toMatchObject({ result: { content: [{}] } })
  },
)

test('nor to a client without a session', async () => {
  const client = new ModernClient({ url: `${gateway.url}/mcp/denied`, token: gateway.token })
  const refused = await client.call('exit', {})

  expect(namesOf(await client.request('tools/list'))).toEqual(['pid'])
  expect(refused.message).toMatchObject({ error: { code: -32602 } })
})

test('at /mcp neither, and without "everywhere" the server itself still offers it', async () => {
  const all = await connect('/mcp')
  const one = await connect('/mcp/shown')

  expect(namesOf(await all.request('tools/list'))).toEqual([
    'allowed__pid',
    'denied__pid',
    'shown__pid',
  ])
  expect((await all.call('denied__exit', {})).message).toMatchObject({ error: { code: -32602 } })
  expect(namesOf(await one.request('tools/list'))).toEqual(['exit', 'pid'])
})

test('the lists of a token and those of the server hold together', async () => {
  const grants = { scopes: ['*'], allow: { tools: ['*/exit', 'shown/*'] } }
  const body = { name: 'narrow', grants }
  const { token } = await gateway.admin<{ token: string }>('POST', 'tokens', body)

  expect(namesOf(await (await connect('/mcp/allowed', token)).request('tools/list'))).toEqual([])
  expect(namesOf(await (await connect('/mcp/denied', token)).request('tools/list'))).toEqual([])
  expect(namesOf(await (await connect('/mcp/shown', token)).request('tools/list'))).toEqual([
    'exit',
    'pid',
  ])
})
