/** `/mcp` for principals that may use some of it: what they see, and that no name gets round it. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, type Answer, type Target } from '#test/support/http-client.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      one: fixture('exits-in-call'),
      two: fixture('exits-in-call'),
      guarded: fixture('exits-in-call', { requiredScopes: ['extra'] }),
      mine: fixture('exits-in-call', { env: { KEY: '${principal:KEY}' } }),
    },
  })
})

afterAll(() => gateway?.stop())

async function targetFor(grants: object): Promise<Target & { principal: string }> {
  const made = await gateway.admin<{ token: string; info: { principal: string } }>(
    ...(['POST', 'tokens', { name: 't', grants }] as const),
  )
  return { url: `${gateway.url}/mcp`, token: made.token, principal: made.info.principal }
}

type Client = {
  request(method: string, params?: object): Promise<Answer>
  call(name: string): Promise<Answer>
}

const ERAS: [string, (target: Target) => Promise<Client>][] = [
  ['legacy', (target) => initialize(target)],
  ['modern', (target) => Promise.resolve(new ModernClient(target))],
]

async function namesFor(client: Client): Promise<string[]> {
  const { message } = await client.request('tools/list')
  const { tools } = message.result as { tools: { name: string }[] }
  return tools.map(({ name }) => name)
}

describe.each(ERAS)('a %s client', (_era, connect) => {
  test('sees and calls the tool that it is granted, and no other', async () => {
    const client = await connect(await targetFor({ scopes: ['tools:call:one/pid'] }))

    expect(await namesFor(client)).toEqual(['one__pid'])
    expect((await client.call('one__pid')).message.result).toBeDefined()
  })

  test('is told the same of a tool that it may not use and of one that nobody has', async () => {
    const client = await connect(await targetFor({ scopes: ['tools:call:one/pid'] }))
    const errorOf = async (name: string) => {
      const { status, message } = await client.call(name)
      return { status, error: message.error, text: JSON.stringify(message.error) }
    }

    const forbidden = await errorOf('two__pid')
    const unknown = await errorOf('six__pid')

    expect(forbidden.error?.code).toBe(-32602)
    expect(forbidden.text.replace('two', 'six')).toBe(unknown.text)
    expect((await errorOf('one__exit')).error?.code).toBe(-32602)
  })

  test('lists of denied tools are without them', async () => {
    const client = await connect(
      await targetFor({ scopes: ['*'], deny: { servers: ['two', 'mine'], tools: ['one/ex*'] } }),
    )

    expect(await namesFor(client)).toEqual(['one__pid'])
    expect((await client.call('one__exit')).message.error?.code).toBe(-32602)
    expect((await client.call('two__pid')).message.error?.code).toBe(-32602)
  })

  test('a server that requires a scope is not listed, and asks for it by its name', async () => {
    const client = await connect(await targetFor({ scopes: ['servers:guarded'] }))

    expect(await namesFor(client)).toEqual([])
    const answer = await client.call('guarded__pid')
    expect(answer.status).toBe(403)
    expect(answer.message.error?.data?.scopes).toEqual(['extra'])

    const able = await connect(await targetFor({ scopes: ['servers:guarded', 'extra'] }))
    expect(await namesFor(able)).toEqual(['guarded__exit', 'guarded__pid'])
  })

  test('a personal server is listed to those who have set its secret', async () => {
    const target = await targetFor({ scopes: ['servers:mine', 'secrets'] })
    const client = await connect(target)

    const before = (await client.request('tools/list')).message.result
    expect(before?._meta).toMatchObject({
      'hearth/missing': [{ server: 'mine', code: 'secret_missing' }],
    })
    const owner = encodeURIComponent(target.principal)
    await gateway.admin('PUT', `principals/${owner}/secrets/KEY`, { value: 'k' })

    expect(await namesFor(client)).toEqual(['mine__exit', 'mine__pid'])
    expect((await client.call('mine__pid')).message.result).toBeDefined()
  })
})

test('a principal without any scope is told what the catalog takes', async () => {
  const target = await targetFor({ scopes: ['nothing'] })

  const answer = await new ModernClient(target).request('tools/list')

  expect(answer.status).toBe(403)
  expect(answer.message.error?.data?.scopes).toEqual(['*'])
})

test('a session of the catalog is no session of a server, nor another principal’s', async () => {
  const session = await initialize({ url: `${gateway.url}/mcp`, token: gateway.token })
  const other = await targetFor({ scopes: ['*'] })
  const ask = async (url: string, token: string) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        ...session.headers,
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    })
    return response.status
  }

  expect(await ask(gateway.mcpURL('one'), gateway.token)).toBe(404)
  expect(await ask(other.url, other.token)).toBe(404)
  expect(await ask(`${gateway.url}/mcp`, gateway.token)).toBe(200)
})

test('a name that is there twice is refused: servers read either', async () => {
  const body =
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"one__pid","name":"two__pid"}}'
  const { headers } = await initialize({ url: `${gateway.url}/mcp`, token: gateway.token })
  const response = await fetch(`${gateway.url}/mcp`, {
    method: 'POST',
    headers: {
      ...headers,
      Authorization: `Bearer ${gateway.token}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
    },
    body,
  })

  expect(response.status).toBe(400)
})

test('a limit of a tool counts its calls by either name', async () => {
  const { token } = await targetFor({ scopes: ['*'] })
  await gateway.admin('PUT', 'limits', {
    limits: [
      {
        // A window that slides: a fixed one may begin anew between two of the calls.
        ...{ name: 'pid', per: 'principal', algorithm: 'sliding-window' },
        ...{ limit: 2, windowMs: 600_000 },
        match: { tools: ['one/pid'] },
      },
    ],
  })
  const catalog = new ModernClient({ url: `${gateway.url}/mcp`, token })
  const single = new ModernClient({ url: gateway.mcpURL('one'), token })

  const statuses = [
    (await catalog.call('one__pid')).status,
    (await single.call('pid')).status,
    (await catalog.call('one__pid')).status,
    (await single.call('pid')).status,
  ]

  expect(statuses).toEqual([200, 200, 429, 429])
  await gateway.admin('PUT', 'limits', { limits: [] })
})
