/** What passes between a legacy client and its server beside calls and answers. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import {
  initialize,
  type LegacyClient,
  readTool,
  send,
  sendInitialize,
} from '#test/support/http-client.ts'
import { residentBytes, workerdPid } from '#test/support/memory.ts'
import { waitUntil } from '#test/support/processes.ts'

/** Of 16 KiB each: 128 MiB in all. */
const FLOOD_MESSAGES = 8_192
/** The stream's backlog and the session's log may hold 12 MiB; the rest is garbage in the heap. */
const MAX_GROWTH_BYTES = 48 * 1024 * 1024

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      asks: fixture('asks-client'),
      rooted: fixture('asks-client', { roots: true, env: { ROOTED: '1' } }),
      ticks: fixture('ticks'),
      shared: fixture('ticks', { sharing: 'shared', env: { SHARED: '1' } }),
      floods: fixture('floods-client'),
      echo: fixture('echo'),
    },
  })
})

afterAll(() => gateway?.stop())

const connect = (server: string, capabilities = {}) =>
  initialize(targetOf(gateway, server), capabilities)

test.each(['sampling/createMessage', 'elicitation/create'])(
  'a server’s %s comes on the stream of the call that made it ask, and nowhere else',
  async (method) => {
    const client = await connect('asks', { sampling: {}, elicitation: {} })
    const get = await client.stream()
    const call = await client.openCall('ask', { method, params: { message: 'who?' } })
    const asked = await call.message()
    expect(asked).toMatchObject({ method, params: { message: 'who?' } })

    expect((await client.respond(asked.id, { told: method })).status).toBe(202)
    const answer = await call.message()
    get.disconnect()

    expect(readTool({ message: answer })).toEqual({ told: method })
    expect(get.messages).toEqual([])
  },
)

test('a server that asks outside of any call is heard on the GET stream', async () => {
  const client = await connect('asks', { elicitation: {} })
  const get = await client.stream()
  await client.call('outside', { method: 'elicitation/create', params: {} })

  expect((await get.message()).method).toBe('elicitation/create')
  get.disconnect()
})

test('a client’s answer is passed on once, and only to a question that was asked', async () => {
  const client = await connect('asks', { elicitation: {} })
  const call = await client.openCall('ask', { method: 'elicitation/create', params: {} })
  const asked = await call.message()
  await client.respond('never-asked', { action: 'decline' })
  await client.respond(asked.id, { action: 'accept' })
  await client.respond(asked.id, { action: 'cancel' })

  expect(readTool({ message: await call.message() })).toEqual({ action: 'accept' })
})

test('roots are not passed to a server unless its configuration says so', async () => {
  const plain = await connect('asks', { roots: {} })
  const refused = readTool(await plain.call('ask', { method: 'roots/list' }))
  expect(refused).toMatchObject({ error: { code: -32601 } })

  const rooted = await connect('rooted', { roots: {} })
  const call = await rooted.openCall('ask', { method: 'roots/list' })
  const asked = await call.message()
  await rooted.respond(asked.id, { roots: [] })
  expect(readTool({ message: await call.message() })).toEqual({ roots: [] })
})

test('progress comes with its own call’s answer, with the client’s token, in order', async () => {
  const client = await connect('ticks')
  const one = client.call('tick', { first: 2, then: 1 }, { progressToken: 'one' })
  const two = client.call('tick', { first: 1, then: 2 }, { progressToken: 2 })
  const opened = await client.openCall('tick', { first: 1 }, { progressToken: 'three' })
  await opened.message()
  await client.call('go')
  opened.disconnect()

  const [first, second] = await Promise.all([one, two])
  const facts = (answer: typeof first) =>
    answer.events.map(({ params }) => [params?.progressToken, params?.progress])
  expect(facts(first)).toEqual([1, 2, 3].map((n) => ['one', n]))
  expect(facts(second)).toEqual([1, 2, 3].map((n) => [2, n]))
})

test('sessions on a shared process do not meet, though their ids and tokens are the same', async () => {
  const [one, two] = [await connect('shared'), await connect('shared')]
  // Its start is over, and tells nobody how far it is.
  await one.call('pid')
  const same = { id: 1, progressToken: 'same' }
  const streams = [
    await one.openCall('tick', { first: 1, then: 1 }, same),
    await two.openCall('tick', { first: 2, then: 2 }, same),
  ]
  for (const stream of streams) await stream.message()
  await one.call('go')
  const seen = await Promise.all(
    streams.map(async (stream) => (await stream.rest(), stream.messages)),
  )

  for (const [n, messages] of seen.entries()) {
    const ticks = 2 * (n + 1)
    expect(messages.slice(0, -1).map(({ params }) => params)).toEqual(
      Array.from({ length: ticks }, (_, at) => ({ progressToken: 'same', progress: at + 1 })),
    )
    expect(messages.at(-1)?.id).toBe(1)
    expect(readTool({ message: messages.at(-1) ?? {} })).toEqual({ ticks })
  }
  expect(readTool(await one.call('pid'))).toBe(readTool(await two.call('pid')))
})

test('the process sees frames as the client sent them, unknown fields and order kept', async () => {
  const client = await connect('echo')
  const params =
    '{ "z":1,"a":{"zz":0,"é":"\\u00e9\\ud83d\\ude00"},"n":1.0,"big":12345678901234567890 }'
  const body = `{"method":"vendor/own","params":${params},"id":"raw","jsonrpc":"2.0"}`
  const response = await send(client.target, 'POST', client.headers, body)

  // The fixture parses and prints; a number that was re-encoded on the way would differ already.
  expect(await response.text()).toBe(
    `{"jsonrpc":"2.0","id":"raw","result":${JSON.stringify(JSON.parse(params))}}`,
  )
})

test('a stream that is never read costs a bounded memory, and others go on', async () => {
  const other = await connect('ticks')
  const first = await floodUnread(other)
  const second = await floodUnread(other)

  // The first flood brings heaps and caches to their working size.
  expect(second.resident - first.resident).toBeLessThan(MAX_GROWTH_BYTES)
  expect(second.slowest).toBeLessThan(5_000)
})

/** Floods a GET stream that nobody reads; what workerd then holds, and how long others waited. */
async function floodUnread(other: LegacyClient): Promise<{ resident: number; slowest: number }> {
  const client = await connect('floods')
  const unread = await client.stream()
  await client.call('flood', { count: FLOOD_MESSAGES })
  let slowest = 0
  const isDone = async (): Promise<boolean> => {
    const started = performance.now()
    await other.call('pid')
    slowest = Math.max(slowest, performance.now() - started)
    return readTool<number>(await client.call('sent')) === FLOOD_MESSAGES
  }
  await waitUntil(isDone, 'the flood does not end', 30_000)
  const resident = residentBytes(workerdPid())
  unread.disconnect()
  await client.delete()
  return { resident, slowest }
}

test('a session belongs to the server that it was opened on', async () => {
  const client = await connect('ticks')
  const elsewhere = { ...client.target, url: gateway.mcpURL('asks') }
  const response = await send(elsewhere, 'DELETE', client.headers)

  expect(response.status).toBe(404)
  expect((await client.call('pid')).status).toBe(200)
})

test('every revision with sessions is negotiated with the server', async () => {
  for (const version of ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']) {
    const answer = await sendInitialize(targetOf(gateway, 'ticks'), {}, version)
    expect(answer.message.result?.protocolVersion).toBe(version)
  }
})
