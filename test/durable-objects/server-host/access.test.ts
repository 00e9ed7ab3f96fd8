/** What a principal that may use some of a server is told: lists, and news of resources. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Grants } from '#protocol/scopes.ts'
import { initialize, ModernClient, readAnswer } from '#test/support/http-client.ts'
import { startScriptedGateway, type ScriptedGateway } from '#test/support/scripted-gateway.ts'
import type { ScriptedHost } from '#test/support/scripted-host.ts'
import { answerAsLegacy, answerAsModern } from './answers.ts'

let gateway: ScriptedGateway

beforeAll(async () => {
  gateway = await startScriptedGateway()
})

afterAll(() => gateway.stop())

const GRANTS: Grants = {
  scopes: ['tools:call:scripted/echo*', 'resources:read:scripted/test://open*'],
}
const TOOLS = ['rm', 'echo', 'rmdir', 'echoes'].map((name) => ({ name, inputSchema: {} }))
const ECHOES = [TOOLS[1], TOOLS[3]]
const UPDATED = 'notifications/resources/updated'

interface Asked {
  method?: string
}

const listing = (answer: (asked: Asked) => object) => (asked: Asked) =>
  asked.method === 'tools/list'
    ? { ...answer(asked), tools: TOOLS, nextCursor: 'rm', cacheScope: 'public' }
    : answer(asked)

const lastChannel = (host: ScriptedHost, method = 'initialize') =>
  host.requests(method).at(-1)?.channel ?? 0

test('a list has what its principal may use, in both eras, with its cursor', async () => {
  const { host, target, issue } = await gateway.tenant()
  host.script = { answer: listing(answerAsLegacy) }
  const some = (await issue({ grants: GRANTS })).target

  const old = await (await initialize(some)).request('tools/list')
  const now = await new ModernClient(some).request('tools/list')
  const all = await (await initialize(target)).request('tools/list')

  expect(old.message.result).toMatchObject({ tools: ECHOES, nextCursor: 'rm' })
  expect(now.message.result).toMatchObject({
    ...{ tools: ECHOES, nextCursor: 'rm', cacheScope: 'private' },
  })
  expect(all.message.result).toMatchObject({ tools: TOOLS })
})

test('a list of a modern server is filtered in both eras, and kept by nobody else', async () => {
  const { host, target, issue } = await gateway.tenant()
  host.script = { answer: listing(answerAsModern) }
  const some = (await issue({ grants: GRANTS })).target

  const old = await (await initialize(some)).request('tools/list')
  const now = await new ModernClient(some).request('tools/list')
  const all = await new ModernClient(target).request('tools/list')

  expect(old.message.result).toMatchObject({ tools: ECHOES, nextCursor: 'rm' })
  expect(now.message.result).toMatchObject({ tools: ECHOES, cacheScope: 'private' })
  expect(all.message.result).toMatchObject({ tools: TOOLS, cacheScope: 'public' })
})

test('what grants as large as they may be leave over is sent along whole', async () => {
  const { host, issue } = await gateway.tenant()
  host.script = { answer: listing(answerAsLegacy) }
  const fill = (length: number) =>
    Array.from({ length }, (_, nth) => `scripted/${nth}${'é'.repeat(480)}`)
  const scopes = Array.from(
    { length: 30 },
    (_, nth) => `tools:call:scripted/${nth}${'x'.repeat(230)}*`,
  )
  const grants: Grants = {
    scopes: [...scopes, 'tools:call:scripted/e*'],
    allow: { tools: [...fill(8), 'scripted/echo*'] },
    deny: { tools: [...fill(8), 'scripted/echoes'] },
  }
  const some = (await issue({ grants })).target

  for (const client of [await initialize(some), new ModernClient(some)]) {
    const { message } = await client.request('tools/list')
    expect(message.result?.tools).toEqual([TOOLS[1]])
  }
})

test('a list that comes on a stream is filtered there, and in the log of what is sent again', async () => {
  const { host, issue } = await gateway.tenant()
  host.script = {
    answer: (asked) => (asked.method === 'tools/list' ? undefined : answerAsLegacy(asked)),
  }
  const client = await initialize((await issue({ grants: GRANTS })).target)
  const asking = client.request('tools/list', {}, { id: 'listing', progressToken: 'p' })
  await host.until(() => host.requests('tools/list').length > 0, 'list request')
  const channel = lastChannel(host, 'tools/list')
  host.notify(channel, 'notifications/progress', { progressToken: 'p', progress: 1 })
  host.respond(channel, 'listing', { tools: TOOLS })

  const { message, events } = await asking
  const again = await client.resume('1-1')

  expect(events).toHaveLength(1)
  expect(message.result).toEqual({ tools: ECHOES })
  expect(await again.rest()).toEqual([message])
  expect(JSON.stringify(await gateway.rows('streams'))).toContain('echo*')
})

test('a list that a former object asked for is filtered by what that one knew', async () => {
  const { host, issue, evict } = await gateway.tenant()
  host.script = {
    answer: (asked) => (asked.method === 'tools/list' ? undefined : answerAsLegacy(asked)),
  }
  const client = await initialize((await issue({ grants: GRANTS })).target)
  const asking = client.request('tools/list', {}, { id: 'listing', progressToken: 'p' })
  asking.catch(() => undefined)
  await host.until(() => host.requests('tools/list').length > 0, 'list request')
  const channel = lastChannel(host, 'tools/list')
  host.notify(channel, 'notifications/progress', { progressToken: 'p', progress: 1 })
  await waitForRow('streams', ({ request }) => request === 'slisting')
  await evict()

  const key = `session:${client.sessionId}`
  host.script.onHello = (socket, hello) => {
    host.welcome(socket, hello, { channels: [{ channel, key, server: 'own', digest: '' }] })
    host.replay(() => host.respond(channel, 'listing', { tools: TOOLS }))
  }
  const resumed = await client.resume('1-1')

  expect((await resumed.message(({ id }) => id === 'listing')).result).toEqual({ tools: ECHOES })
})

async function waitForRow(
  table: string,
  fits: (row: Record<string, unknown>) => boolean,
): Promise<void> {
  await expect.poll(async () => (await gateway.rows(table)).some(fits)).toBe(true)
}

test.each([
  ['its own process', {}],
  ['a shared one', { sharing: 'shared' }],
])('a session on %s hears of resources that it may read', async (_what, config) => {
  const { host, issue } = await gateway.tenant(config)
  host.script = { answer: answerAsLegacy }
  const client = await initialize((await issue({ grants: GRANTS })).target)
  await client.request('resources/subscribe', { uri: 'test://open' })
  const forbidden = await client.request('resources/subscribe', { uri: 'test://closed' })
  const get = await client.stream()
  const channel = lastChannel(host, 'resources/subscribe')
  for (const uri of ['test://closed', 'test://open']) host.notify(channel, UPDATED, { uri })

  expect(forbidden.message.error).toMatchObject({ code: -32002, data: { uri: 'test://closed' } })
  expect((await get.message()).params).toEqual({ uri: 'test://open' })
  expect(host.requests('resources/subscribe')).toHaveLength(1)
  get.disconnect()
})

test('a session that was restored hears of resources that it may read', async () => {
  const { host, issue, evict } = await gateway.tenant()
  host.script = { answer: answerAsLegacy }
  const client = await initialize((await issue({ grants: GRANTS })).target)
  await client.request('resources/subscribe', { uri: 'test://open' })
  const channel = lastChannel(host)
  await evict()

  const key = `session:${client.sessionId}`
  host.script.onHello = (socket, hello) => {
    host.welcome(socket, hello, { channels: [{ channel, key, server: 'own', digest: '' }] })
    for (const uri of ['test://closed', 'test://open/part', 'test://other']) {
      host.replay(() => host.notify(channel, UPDATED, { uri }))
    }
  }
  await client.request('ping')
  const get = await client.stream()

  expect((await get.message()).params).toEqual({ uri: 'test://open/part' })
  get.disconnect()
})

test.each([
  ['a legacy server', (url: string) => url],
  ['the catalog', (url: string) => url.replace(/\/[^/]*$/, '')],
])('a listener of %s hears of resources that it may read', async (_of, toURL) => {
  const { host, issue } = await gateway.tenant()
  host.script = { answer: answerAsLegacy }
  const { target } = await issue({ grants: { scopes: EXACT } })
  const client = new ModernClient({ ...target, url: toURL(target.url) })
  const stream = await client.listen(
    { resourceSubscriptions: ['test://closed', 'test://open'] },
    'listening',
  )
  const { params } = await stream.message()
  const channel = lastChannel(host, 'resources/subscribe')
  for (const uri of ['test://closed', 'test://open/part', 'test://open']) {
    host.notify(channel, UPDATED, { uri })
  }

  expect(params).toMatchObject({ notifications: { resourceSubscriptions: ['test://open'] } })
  expect((await stream.message()).params).toMatchObject({ uri: 'test://open' })
  stream.disconnect()
})

const EXACT = ['resources:read:scripted/test://open']

test('a listener of a modern server hears of resources that it may read', async () => {
  const { host, issue } = await gateway.tenant()
  host.script = {
    answer: (asked) =>
      asked.method === 'subscriptions/listen' ? undefined : answerAsModern(asked),
  }
  const client = new ModernClient((await issue({ grants: { scopes: EXACT } })).target)
  const { body, headers } = client.compose(
    'subscriptions/listen',
    { notifications: { resourceSubscriptions: ['test://closed', 'test://open'] } },
    { id: 'listening' },
  )
  const opening = fetch(client.target.url, {
    method: 'POST',
    headers: {
      ...headers,
      Authorization: `Bearer ${client.target.token}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
    },
    body,
  })
  await host.until(() => host.requests('subscriptions/listen').length > 0, 'listen request')
  const [listen] = host.requests('subscriptions/listen')
  const id = listen?.request.id ?? ''
  const _meta = { 'io.modelcontextprotocol/subscriptionId': id }
  for (const uri of ['test://closed', 'test://open/part', 'test://open']) {
    host.notify(listen?.channel ?? 0, UPDATED, { uri, _meta })
  }
  host.respond(listen?.channel ?? 0, id, { resultType: 'complete', _meta })
  const { events } = await readAnswer(await opening, 'listening')

  expect(listen?.request.params?.notifications).toEqual({ resourceSubscriptions: ['test://open'] })
  expect(events.map(({ params }) => params?.uri)).toEqual(['test://open'])
})

test('a log line of a modern server is told to nobody while it may be another’s', async () => {
  const { host, target, issue } = await gateway.tenant()
  host.script = {
    answer: (asked) => (asked.method === 'tools/call' ? undefined : answerAsModern(asked)),
  }
  const logs = { logLevel: 'info', progressToken: 'p' }
  const one = new ModernClient(target).call('echo', {}, logs)
  const nth = async (count: number) => {
    await host.until(() => host.requests('tools/call').length === count, `call ${count}`)
    const { channel, request } = host.requests('tools/call')[count - 1] ?? {}
    return { channel: channel ?? 0, id: request?.id ?? '' }
  }
  const first = await nth(1)
  const tell = (data: string) => host.notify(first.channel, 'notifications/message', { data })
  tell('alone')
  const other = new ModernClient((await issue({})).target).call('echo', {}, logs)
  const second = await nth(2)
  tell('whose?')
  for (const { channel, id } of [second, first]) host.respond(channel, id, { content: [] })

  const told = (await Promise.all([one, other])).map(({ events }) =>
    events.map(({ params }) => params),
  )
  expect(told).toEqual([[{ data: 'alone' }], []])
})

test('the state of a modern server is taken back from whom it was given to', async () => {
  const { host, target, issue } = await gateway.tenant()
  const inputRequests = { who: { method: 'roots/list' } }
  host.script = {
    answer: (asked) =>
      asked.method === 'tools/call' && asked.params?.requestState === undefined
        ? { resultType: 'input_required', inputRequests, requestState: 'kept' }
        : answerAsModern(asked),
  }
  const client = new ModernClient(target)
  const { message } = await client.call('echo')
  const requestState = message.result?.requestState
  const answers = { inputResponses: {}, requestState }
  const thief = new ModernClient((await issue({})).target)

  const stolen = await thief.call('echo', {}, {}, answers)
  const bare = await client.call('echo', {}, {}, { ...answers, requestState: 'kept' })
  const own = await client.call('echo', {}, {}, answers)

  expect(message.result).toMatchObject({ inputRequests })
  for (const refused of [stolen, bare]) {
    expect(refused.message.error?.data).toMatchObject({ code: 'request_state_invalid' })
  }
  expect(own.message.result).toMatchObject({ resultType: 'complete' })
  const states = host.requests('tools/call').map(({ request }) => request.params?.requestState)
  expect(states).toEqual([undefined, 'kept'])
})
