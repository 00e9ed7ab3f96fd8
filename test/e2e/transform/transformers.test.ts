/** What transformers do to real calls, for clients of each era on servers of each era. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { within } from '#test/support/event-reader.ts'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { waitUntil } from '#test/support/processes.ts'
import { startGateway, type Gateway, type GatewayOptions } from '#test/support/gateway.ts'
import {
  initialize,
  ModernClient,
  readTool,
  type Answer,
  type SendOptions,
} from '#test/support/http-client.ts'

const SECRET = `ghp_${'aB3dE5gH7j'.repeat(4)}`.slice(0, 40)
const env = { SECRET }
const transform: GatewayOptions['servers'][string]['transform'] = [
  {
    use: 'arguments',
    match: { tools: ['echo'] },
    fixed: { region: 'eu' },
    defaults: { limit: 10 },
  },
  { use: 'metadata', gateway: 'test-gateway' },
  {
    ...{ use: 'redaction', in: ['arguments', 'results', 'logs'] },
    fields: ['password'],
    personal: ['email'],
  },
  { use: 'result-size', maxBytes: 4_096 },
]

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      own: fixture('transformable', { env, transform }),
      shared: fixture('transformable', { env, transform, sharing: 'shared' }),
      modern: fixture('transformable-modern', { env, transform }),
      plain: fixture('transformable', { env }),
      broken: fixture('transformable', {
        env,
        transform: [{ use: 'custom', name: 'nobody-registered-this' }],
      }),
    },
  })
})

afterAll(() => gateway?.stop())

interface Client {
  call(name: string, args?: object, options?: SendOptions): Promise<Answer>
}

const ROADS: Record<string, () => Promise<Client> | Client> = {
  'a session with its own process': () => initialize(targetOf(gateway, 'own')),
  'a session on a shared process': () => initialize(targetOf(gateway, 'shared')),
  'a session on a modern server': () => initialize(targetOf(gateway, 'modern')),
  'a modern client of a legacy server': () => new ModernClient(targetOf(gateway, 'own')),
  'a modern client of a modern server': () => new ModernClient(targetOf(gateway, 'modern')),
  'a session of the catalog': async () => inCatalog(await initialize(catalogTarget())),
  'a modern client of the catalog': () => inCatalog(new ModernClient(catalogTarget())),
}

const catalogTarget = () => ({ url: `${gateway.url}/mcp`, token: gateway.token })
const inCatalog = (client: Client): Client => ({
  call: (name, args, options) => client.call(`own__${name}`, args, options),
})

interface Echo {
  name: string
  arguments: Record<string, unknown>
  _meta: Record<string, unknown>
}

describe.each(Object.entries(ROADS))('%s', (_, connect) => {
  test('is called with defaults and metadata, and answered under its own id', async () => {
    const client = await connect()
    const sent = { region: 'us', mail: 'a@b.example', password: 'p' }
    const { headers, message } = await client.call('echo', sent, { id: 'own-id' })
    const requestId = headers.get('X-Request-Id')
    const facts = {
      'hearth/requestId': requestId,
      'hearth/client': { name: 'hearth-test', version: '1.0.0' },
      'hearth/gateway': 'test-gateway',
    }

    expect(message).toMatchObject({ id: 'own-id', result: { _meta: facts } })
    const echo = readTool<Echo>({ message })
    expect(echo.arguments).toEqual({
      ...{ region: 'eu', limit: 10, mail: '[redacted]' },
      password: '[redacted]',
    })
    expect(echo._meta).toMatchObject(facts)
  })

  test('hears no secret in progress and results', async () => {
    const client = await connect()
    // A call that waited for a start would be told so.
    await client.call('big', { bytes: 1 })
    const { message, events } = await client.call('leak', {}, { progressToken: 'token' })
    const progress = events.filter(({ method }) => method === 'notifications/progress')

    // Before it there may be word of the start of a process that takes long.
    expect(progress.at(-1)?.params).toMatchObject({
      ...{ progressToken: 'token', message: 'at [redacted]' },
    })
    expect(JSON.stringify([message, events])).not.toContain(SECRET)
    expect(message.result).toMatchObject({
      structuredContent: { text: 'the key is [redacted]', password: '[redacted]', kept: 1 },
    })
    expect(readTool({ message })).toEqual({
      ...{ text: 'the key is [redacted]', password: '[redacted]', kept: 1 },
    })
  })

  test('gets a result that is too large cut, with a note', async () => {
    const client = await connect()
    const { message } = await client.call('big', { bytes: 100_000 })
    const content = message.result?.content as { text: string }[]

    expect(content.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^é+$/),
      expect.stringMatching(/^\[hearth: \d+ of \d+ bytes were left out of this result\]$/),
    ])
    expect(JSON.stringify(message).length).toBeLessThan(4_096 + 512)
  })
})

test('an error of the server and its log lines hold no secret either', async () => {
  const client = await initialize(targetOf(gateway, 'own'))
  await client.request('logging/setLevel', { level: 'debug' })
  const { message } = await client.call('fail')
  const leaked = await client.call('leak', {}, { progressToken: 't' })

  expect(message.error).toMatchObject({ code: -32050, message: 'no [redacted]' })
  expect(leaked.events.map(({ params }) => params?.data)).toContain('log [redacted]')
})

describe('the answer that a former object asked for is transformed, too', () => {
  const expectRedacted = async (url: string, later: string, go: string): Promise<void> => {
    const client = await initialize({ url, token: gateway.token })
    const call = await client.openCall(later, {}, { progressToken: 'p', id: 'former' })
    await call.message(({ params }) => params?.progress === 1)
    await gateway.evictServerHost()
    await call.rest().catch(() => {}) // the stream breaks, or ends, with its object
    expect((await client.call(go)).status).toBe(200)
    const rest = await (await client.resume(call.lastEventId ?? '')).rest()

    expect(JSON.stringify(rest)).not.toContain(SECRET)
    expect(rest.at(-1)).toMatchObject({
      id: 'former',
      result: {
        structuredContent: { text: 'the key is [redacted]' },
        _meta: { 'hearth/gateway': 'test-gateway' },
      },
    })
  }

  test('in a session of its server', () => expectRedacted(gateway.mcpURL('own'), 'later', 'go'))

  test('in a session of the catalog', () =>
    expectRedacted(`${gateway.url}/mcp`, 'own__later', 'own__go'))

  test('where several servers could have answered', async () => {
    const match = { tools: ['own__later'] }
    await gateway.admin('PUT', 'routes', {
      routes: [{ name: 'several', match, servers: ['own', 'plain'] }],
    })
    await expectRedacted(`${gateway.url}/mcp`, 'own__later', 'own__go')
  })
})

test('our own log names what was called without the secret in it, whatever becomes of the call', async () => {
  const uri = `https://host.example/?access_token=${SECRET}`
  const clients = [
    await initialize(targetOf(gateway, 'own')),
    new ModernClient(targetOf(gateway, 'own')),
  ]
  for (const client of clients) {
    await client.request('resources/read', { uri })
    await client.call(`tool-${SECRET}`)
  }
  await waitUntil(() => linesOf('tools/call', 'tool-[redacted]').length >= 2, 'no line')

  expect(linesOf('resources/read', 'https://host.example/?access_token=[redacted]')).toHaveLength(2)
  const lines = await gateway.allLogs()
  expect(lines.filter((line) => line.includes(SECRET))).toEqual([])
})

const linesOf = (method: string, target: string): string[] =>
  gateway.logs.filter(
    (line) => line.includes(`"method":"${method}"`) && line.includes(`"target":"${target}"`),
  )

test('a server without transformers is answered as ever', async () => {
  const { message } = await (await initialize(targetOf(gateway, 'plain'))).call('leak')

  expect(readTool({ message })).toMatchObject({ text: `the key is ${SECRET}` })
})

test('what cannot be transformed is not answered: the call fails, and the server is not asked', async () => {
  const legacy = await initialize(targetOf(gateway, 'broken'))
  const modern = new ModernClient(targetOf(gateway, 'broken'))
  for (const client of [legacy, modern]) {
    const { message } = await within(client.call('leak'))
    expect(message.error).toMatchObject({ data: { code: 'transform_failed' } })
    expect((await client.request('tools/list')).message.result).toBeDefined()
  }
})

test('a transformer that is configured later is in effect with the next call of a live session', async () => {
  const client = await initialize(targetOf(gateway, 'plain'))
  const servers = {
    plain: fixture('transformable', { env, transform: [{ use: 'redaction' }] }),
    own: fixture('transformable', { env, transform }),
  }
  await gateway.putServers(servers)
  await client.call('echo')

  expect(JSON.stringify((await client.call('leak')).message)).not.toContain(SECRET)
})
