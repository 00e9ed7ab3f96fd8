/** Ids are the peers' choice: whatever they are, each request gets its own answer, and each question its own. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { within } from '#test/support/event-reader.ts'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool, type LegacyClient } from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'
import { connectSSE } from '#test/support/sse-client.ts'

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      late: fixture('answers-late'),
      brief: fixture('answers-late', { timeoutMs: { call: 1_000 } }),
      asker: fixture('asks-by-count'),
      'other-asker': fixture('asks-by-count'),
      ticks: fixture('ticks'),
      integers: fixture('integer-ids'),
      texts: fixture('ids-as-text'),
    },
  })
})

afterAll(() => gateway?.stop())

const connect = (server: string, capabilities = {}) =>
  initialize(targetOf(gateway, server), capabilities)
const catalog = (capabilities = {}) =>
  initialize({ url: `${gateway.url}/mcp`, token: gateway.token }, capabilities)

/** The calls of a session reach its process in order, so an answer says that the former ones are there. */
async function haveBegun(client: LegacyClient): Promise<void> {
  await client.call('say', { tag: '' })
}

describe('a call that reuses an id gets its own answer', () => {
  test('after one that was given up at its deadline, and is answered late', async () => {
    const client = await connect('brief')
    const first = await client.call('hold', { tag: 'first' }, { id: 1 })
    const second = client.call('hold', { tag: 'second' }, { id: 1 })
    await haveBegun(client)
    await client.call('release')

    expect(first.message.error?.data?.code).toBe('call_timeout')
    expect(readTool(await within(second))).toEqual({ tag: 'second' })
  })

  test('after one that was cancelled, and reports and answers late', async () => {
    const client = await connect('late')
    const options = { id: 1, progressToken: 1 }
    const first = client.call('hold', { tag: 'first' }, options)
    await haveBegun(client)
    await client.notify('notifications/cancelled', { requestId: 1 })
    const second = client.call('hold', { tag: 'second' }, options)
    await haveBegun(client)
    await client.call('release')

    expect((await first).message).toEqual({})
    const { message, events } = await within(second)
    expect(readTool({ message })).toEqual({ tag: 'second' })
    expect(events).toHaveLength(1)
  })

  test('while another one under it is in flight', async () => {
    const client = await connect('late')
    const first = client.call('hold', { tag: 'first' }, { id: 7 })
    await haveBegun(client)
    const second = client.call('hold', { tag: 'second' }, { id: 7 })
    await haveBegun(client)
    const said = await client.call('say', { tag: 'third' }, { id: 7 })
    await client.call('release')

    expect(readTool(said)).toEqual({ tag: 'third' })
    expect(readTool(await within(first))).toEqual({ tag: 'first' })
    expect(readTool(await within(second))).toEqual({ tag: 'second' })
  })

  test('and a cancellation means the newest of them', async () => {
    const client = await connect('late')
    const first = client.call('hold', { tag: 'first' }, { id: 7 })
    await haveBegun(client)
    const second = client.call('hold', { tag: 'second' }, { id: 7 })
    await haveBegun(client)
    await client.notify('notifications/cancelled', { requestId: 7 })

    expect((await within(second)).message).toEqual({})
    await client.call('release')
    expect(readTool(await within(first))).toEqual({ tag: 'first' })
  })

  test('over HTTP+SSE, too', async () => {
    const { url, token } = gateway
    const client = await connectSSE({ url: `${url}/sse/late`, token })
    const hold = (tag: string) => ({ name: 'hold', arguments: { tag } })
    await client.begin('tools/call', hold('first'), { id: 7 })
    await client.begin('tools/call', hold('second'), { id: 7 })
    await client.call('release')

    const answers = (): unknown[] => client.messages.filter(({ id }) => id === 7)
    await client.message(() => answers().length === 2)
    expect(JSON.stringify(answers())).toMatch(/first.*second/)
    client.leave()
  })

  test('on a stream that is resumed after the eviction of the object', async () => {
    const client = await connect('ticks')
    const open = (then: number) =>
      client.openCall('tick', { first: 1, then }, { id: 7, progressToken: 't' })
    const calls = [await open(1), await open(2)]
    for (const call of calls) await call.message()
    await gateway.evictServerHost()
    await client.call('go')

    const ticks: unknown[] = []
    for (const { lastEventId } of calls) {
      const messages = await (await client.resume(lastEventId ?? '')).rest()
      ticks.push(readTool({ message: messages.at(-1) ?? {} }))
    }
    expect(ticks).toEqual([{ ticks: 2 }, { ticks: 3 }])
  })
})

describe('a question of a server', () => {
  const elicits = { elicitation: {} }

  async function askTwice(client: LegacyClient, prefix = '') {
    const ask = (question: string, id: number) =>
      client.openCall(`${prefix}ask`, { question }, { id })
    const first = await ask('the test folder?', 1)
    const firstAsked = await first.message(({ method }) => method === 'elicitation/create')
    await client.call(`${prefix}exit`, {}, { id: 2 })
    const second = await ask('everything?', 3)
    const secondAsked = await second.message(({ method }) => method === 'elicitation/create')
    return { second, firstAsked, secondAsked }
  }

  test.each(['asker', 'catalog'])(
    'whose process is gone is answered by nobody, though its successor asks under the same id: %s',
    async (at) => {
      const client = at === 'catalog' ? await catalog(elicits) : await connect(at, elicits)
      const prefix = at === 'catalog' ? 'asker__' : ''
      const { second, firstAsked, secondAsked } = await askTwice(client, prefix)

      expect(firstAsked.id).not.toBe(secondAsked.id)
      await client.respond(firstAsked.id, { action: 'accept', content: { for: 'the first' } })
      await client.respond(secondAsked.id, { action: 'accept', content: { for: 'the second' } })
      const [answer] = await second.rest()
      expect(readTool({ message: answer ?? {} })).toMatchObject({ told: { for: 'the second' } })
    },
  )

  test('has an id that is small, and no other server of the session has asked under', async () => {
    const client = await catalog(elicits)
    const asked = []
    for (const server of ['asker', 'other-asker']) {
      const call = await client.openCall(`${server}__ask`, { question: server })
      const question = await call.message(({ method }) => method === 'elicitation/create')
      asked.push({ server, call, question })
    }
    for (const { server, question } of asked.toReversed()) {
      expect(Number.isInteger(question.id) && Number(question.id) < 2 ** 31).toBe(true)
      await client.respond(question.id, { action: 'accept', content: { server } })
    }
    for (const { server, call } of asked) {
      const [answer] = await call.rest()
      expect(readTool({ message: answer ?? {} })).toMatchObject({ told: { server } })
    }
  })

  test.each(['asker', 'catalog'])(
    'is answered after the eviction of the object: %s',
    async (at) => {
      const client = at === 'catalog' ? await catalog(elicits) : await connect(at, elicits)
      const prefix = at === 'catalog' ? 'asker__' : ''
      const call = await client.openCall(`${prefix}ask`, { question: 'still there?' })
      const { id } = await call.message(({ method }) => method === 'elicitation/create')
      await gateway.evictServerHost()
      const resumed = await client.resume(call.lastEventId ?? '')
      await waitUntil(async () => (await client.call(`${prefix}pid`)).status === 200, 'no session')
      await client.respond(id, { action: 'accept', content: { yes: true } })

      const answer = await resumed.message(({ method }) => method === undefined)
      expect(readTool({ message: answer })).toMatchObject({ told: { yes: true } })
    },
  )
})

describe('a server gets along', () => {
  test.each(['integers', 'texts'])('whatever ids its clients use: %s', async (server) => {
    const client = await connect(server)
    const tool = server === 'integers' ? 'id' : 'report'
    for (const id of ['a:b', 'hearth', 2 ** 40, 0.5]) {
      const answer = await client.call(tool, {}, { id, progressToken: `t-${id}` })
      expect(answer.message.result).toBeDefined()
      if (server === 'texts') expect(answer.events[0]?.params?.progressToken).toBe(`t-${id}`)
    }
    const modern = new ModernClient(targetOf(gateway, server))
    const answer = await modern.call(tool, {}, { id: 'a:b', progressToken: 't' })
    expect(answer.message).toMatchObject({ id: 'a:b', result: {} })
  })

  test('and its client gets its id back digit by digit', async () => {
    const client = await connect('integers')
    const body = (id: string) =>
      `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"id"}}`
    for (const id of ['12345678901234567890', '1.0']) {
      const response = await fetch(client.target.url, {
        method: 'POST',
        headers: {
          ...client.headers,
          ...gateway.headers,
          'Content-Type': 'application/json',
          Accept: 'application/json, text/event-stream',
        },
        body: body(id),
      })
      expect(await response.text()).toContain(`"id":${id},`)
    }
  })
})
