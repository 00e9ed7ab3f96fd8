/** What the worker makes of requests to `/mcp`, up to what the ServerHost object is sent. */
import { describe, expect, test } from 'vitest'
import { ModernClient } from '#test/support/http-client.ts'
import { createFakes, POLICY, SESSION, TOKEN, VERDICT } from '../fake-deps.ts'
import { expectError } from '../requests.ts'

const URL_OF_CATALOG = 'http://localhost:8787/mcp'
const NAMES = {
  everything__echo: { server: 'everything', name: 'echo' },
  everything__ask: { server: 'everything', name: 'ask' },
  'hearth://everything/x:1': { server: 'everything', name: 'x:1' },
  'x:{id}': { server: 'everything', name: 'x:{id}' },
  hidden__echo: { server: 'hidden', name: 'echo' },
}
const modern = new ModernClient({ url: '', token: '' })

function start(grants: object = VERDICT.grants, servers = POLICY.servers) {
  const verdict = { ...VERDICT, grants: grants as typeof VERDICT.grants }
  const policy = { ...POLICY, servers }
  return createFakes({
    names: NAMES,
    acme: { authenticate: () => Promise.resolve({ ...verdict, policy }) },
  })
}

const HEADERS = {
  Authorization: `Bearer ${TOKEN}`,
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
}

function post(message: object | string, headers: Record<string, string> = {}) {
  const body = typeof message === 'string' ? message : JSON.stringify(message)
  return new Request(URL_OF_CATALOG, { method: 'POST', headers: { ...HEADERS, ...headers }, body })
}

const inSession = (method: string, params: object) =>
  post({ jsonrpc: '2.0', id: 1, method, params }, { 'Mcp-Session-Id': SESSION })

function postModern(method: string, params: Record<string, unknown> = {}) {
  const { body, headers } = modern.compose(method, params, { id: 1 })
  return post(body, headers)
}

describe('a request that names something becomes one to its server', () => {
  test.each([
    ['tools/call', { name: 'everything__echo', arguments: { n: 1.5 } }, { name: 'echo' }],
    ['prompts/get', { name: 'everything__ask' }, { name: 'ask' }],
    ['resources/read', { uri: 'hearth://everything/x:1' }, { uri: 'x:1' }],
    ['resources/subscribe', { uri: 'hearth://everything/x:1' }, { uri: 'x:1' }],
    ['resources/unsubscribe', { uri: 'hearth://everything/x:1' }, { uri: 'x:1' }],
    [
      'completion/complete',
      { ref: { type: 'ref/prompt', name: 'everything__ask' }, argument: { name: 'a', value: '' } },
      { ref: { type: 'ref/prompt', name: 'ask' } },
    ],
    [
      'completion/complete',
      { ref: { type: 'ref/resource', uri: 'x:{id}' }, argument: { name: 'id', value: '' } },
      { ref: { type: 'ref/resource', uri: 'x:{id}' } },
    ],
  ])('%s %j', async (method, params, own) => {
    const { app, forwarded } = start()

    expect((await app.request(inSession(method, params))).status).toBe(200)

    const [sent] = forwarded
    expect(sent?.call).toMatchObject({ server: 'everything', catalog: {}, sessionId: SESSION })
    expect(JSON.parse(sent?.body ?? '')).toMatchObject({ method, params: { ...params, ...own } })
  })

  test('the rest of the body stays byte for byte', async () => {
    const { app, forwarded } = start()
    const body =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"n":1.50, "ä":"\\u00e4"},"name":"everything__echo"}}'

    await app.request(post(body, { 'Mcp-Session-Id': SESSION }))

    expect(forwarded[0]?.body).toBe(body.replace('everything__echo', 'echo'))
  })

  test('of a modern client, whose headers say the name of the catalog', async () => {
    const { app, forwarded } = start()

    await app.request(postModern('tools/call', { name: 'everything__echo', arguments: {} }))

    expect(forwarded[0]?.call).toMatchObject({
      era: 'modern',
      server: 'everything',
      target: 'echo',
    })
  })

  test('and is asked for once, while the isolate knows it', async () => {
    const { app, asked } = start()
    const call = () => app.request(inSession('tools/call', { name: 'everything__echo' }))

    await call()
    await call()

    expect(asked.filter((text) => text.includes('resolve'))).toEqual([
      'acme:resolve tool everything__echo',
    ])
  })
})

describe('what is about all servers goes to the object with what the principal sees', () => {
  const both = { ...POLICY.servers, hidden: { requiredScopes: [], limits: [] } }

  test.each(['tools/list', 'server/discover', 'subscriptions/listen'])('%s', async (method) => {
    const { app, forwarded } = start({ scopes: ['servers:everything'] }, both)

    await app.request(postModern(method))

    expect(forwarded[0]?.call).toMatchObject({
      server: '*',
      catalog: { servers: ['everything'], grants: { scopes: ['servers:everything'] } },
    })
  })

  test('nothing is said of grants that hold everything', async () => {
    const { app, forwarded } = start({ scopes: ['*'] }, both)

    await app.request(postModern('tools/list'))

    expect(forwarded[0]?.call.catalog).toEqual({
      servers: ['everything', 'hidden'],
      followsTenant: true,
    })
  })
})

describe('refusals', () => {
  test('a name that stands for nothing, and one that the principal may not see', async () => {
    const { app } = start({ scopes: ['servers:everything'] })

    const answers = await Promise.all(
      ['nothing__echo', 'hidden__echo'].map(async (name) => {
        const response = await app.request(inSession('tools/call', { name }))
        return (await response.text()).replace(name, 'NAME')
      }),
    )

    expect(answers[0]).toBe(answers[1])
    expect(JSON.parse(answers[0] ?? '')).toMatchObject({ error: { code: -32602 } })
  })

  test('a resource that nobody has, in the words of the era', async () => {
    const { app } = start()
    const response = await app.request(inSession('resources/read', { uri: 'y:1' }))

    expect(await response.json()).toMatchObject({ error: { code: -32002, data: { uri: 'y:1' } } })
  })

  test.each([
    ['a name twice', '{"name":"everything__echo","name":"hidden__echo"}'],
    ['a name in other letters', '{"name":"everything__echo","Name":"hidden__echo"}'],
  ])('%s', async (_what, params) => {
    const { app, forwarded } = start()
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`

    const response = await app.request(post(body, { 'Mcp-Session-Id': SESSION }))

    await expectError(response, 'invalid_message', 1)
    expect(forwarded).toEqual([])
  })

  test.each([{}, { name: 7 }, { name: null }])('%j names no tool', async (params) => {
    const { app } = start()
    await expectError(await app.request(inSession('tools/call', params)), 'invalid_params', 1)
  })

  test.each(['*', '%2A', '%2a'])('the sign of the catalog as a server’s name: %s', async (name) => {
    const { app, forwarded } = start({ scopes: ['servers:everything'] })
    const { body, headers } = modern.compose('tools/list', {}, { id: 1 })
    const request = new Request(`${URL_OF_CATALOG}/${name}`, {
      method: 'POST',
      headers: { ...HEADERS, ...headers },
      body,
    })

    await expectError(await app.request(request), 'server_not_found', 1)
    expect(forwarded).toEqual([])
  })

  test('grants that hold nothing', async () => {
    const { app } = start({ scopes: ['other'] })
    expect((await app.request(postModern('tools/list'))).status).toBe(403)
  })
})

test.each([
  ['tools/call', { name: 'everything__echo' }, 'Unknown tool: everything__echo', {}],
  ['prompts/get', { name: 'everything__ask' }, 'Unknown prompt: everything__ask', {}],
  [
    ...(['resources/read', { uri: 'hearth://everything/x:1' }, 'Resource not found'] as const),
    { uri: 'hearth://everything/x:1' },
  ],
])('what a principal may not use is refused under the name that it gave: %s', async (...row) => {
  const [method, params, message, data] = row
  const { app } = start({ scopes: ['tools:call:everything/other'] })

  const response = await app.request(inSession(method, params))
  const { error } = (await response.json()) as { error: { message: string; data: object } }

  expect(error).toMatchObject({ message, data })
})
