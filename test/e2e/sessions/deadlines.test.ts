/** How long a call may take while its server works on it, and while somebody is asked. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool, type Answer } from '#test/support/http-client.ts'

const CALL_MS = 3_000
/** Of calls that tell how late it is: they fail well before those of `CALL_MS`. */
const CLOCK_MS = 1_200
/** Of `go-on`. */
const REPORT_EVERY_MS = 100
const ELICIT = { method: 'elicitation/create', params: { message: 'who?' } }

let gateway: Gateway

beforeAll(async () => {
  const patient = { timeoutMs: { call: CALL_MS }, resilience: { breaker: false } } as const
  const bounded = { call: CLOCK_MS, total: 2 * CLOCK_MS }
  const fixed = { call: CLOCK_MS, total: CLOCK_MS }
  gateway = await startGateway({
    servers: {
      asks: fixture('asks-client', patient),
      'asks-modern': fixture('asks-modern', patient),
      reports: fixture('reports-progress', patient),
      shared: fixture('reports-progress', { ...patient, sharing: 'shared' }),
      'shared-by-modern': fixture('reports-progress', { ...patient, sharing: 'shared' }),
      bounded: fixture('reports-progress', { ...patient, timeoutMs: bounded }),
      'bounded-asks': fixture('asks-client', { ...patient, timeoutMs: bounded }),
      fixed: fixture('reports-progress', { ...patient, timeoutMs: fixed }),
      clock: fixture('asks-client', { ...patient, timeoutMs: { call: CLOCK_MS } }),
    },
  })
})

afterAll(() => gateway?.stop())

const connect = (server: string) => initialize(targetOf(gateway, server), { elicitation: {} })
const connectCatalog = () =>
  initialize({ url: `${gateway.url}/mcp`, token: gateway.token }, { elicitation: {} })
const codeOf = ({ message }: Pick<Answer, 'message'>) => message.error?.data?.code

/** Resolves when a call that began now has passed this deadline. */
async function pass(server: 'asks' | 'clock'): Promise<void> {
  expect(codeOf(await (await connect(server)).call('hang'))).toBe('call_timeout')
}

describe.concurrent('while its client is asked, a call has no deadline', () => {
  test.each([
    ['in a session', () => connect('asks'), 'ask'],
    ['in a session on a server of the modern era', () => connect('asks-modern'), 'ask'],
    ['in a session of the catalog', connectCatalog, 'asks__ask'],
  ])('%s', async (_, open, tool) => {
    const client = await open()
    const call = await client.openCall(tool, ELICIT)
    const asked = await call.message()
    await pass('asks')
    await client.respond(asked.id, { action: 'accept' })

    expect((await call.message()).result).toMatchObject({ content: [{ type: 'text' }] })
  })

  test('and once it was answered, it has one', async () => {
    const client = await connect('asks')
    const call = await client.openCall('ask-and-hang', ELICIT)
    await client.respond((await call.message()).id, { action: 'accept' })

    expect(codeOf({ message: await call.message() })).toBe('call_timeout')
  })

  test('and neither have others that may have made the server ask', async () => {
    const client = await connect('asks')
    let isOver = false
    const hangs = client.call('hang').finally(() => (isOver = true))
    const call = await client.openCall('ask', ELICIT)
    const asked = await call.message()
    await pass('asks')
    expect(isOver).toBe(false)
    await client.respond(asked.id, { action: 'accept' })

    expect(readTool({ message: await call.message() })).toEqual({ action: 'accept' })
    expect(codeOf(await hangs)).toBe('call_timeout')
  })

  test('unless the server takes its question back', async () => {
    const client = await connect('asks')
    const call = await client.openCall('ask', ELICIT)
    await call.message()
    await client.call('unask')

    const answer = await call.message(({ method }) => method === undefined)
    expect(codeOf({ message: answer })).toBe('call_timeout')
  })
})

describe.concurrent('each report of its progress gives a call its time again', () => {
  test.each([
    ['in a session', 'reports', connect],
    ['in a session on a shared server', 'shared', connect],
    ['of a client without sessions', 'reports', modern],
    ['of a client without sessions on a shared server', 'shared-by-modern', modern],
  ] as const)('%s', async (_, server, open) => {
    const client = await open(server)
    const work = client.call('work', {}, { progressToken: 'token' })
    for (let n = 0; n < 4; n++) {
      await pass('clock')
      await client.call('report')
    }
    await client.call('finish')

    expect(readTool(await work)).toEqual({ done: true })
  })

  test('and one that reports no more fails', async () => {
    const client = await connect('reports')
    const work = client.call('work', {}, { progressToken: 'token' })
    await client.call('report')
    const { message, events } = await work

    expect(codeOf({ message })).toBe('call_timeout')
    expect(events).toHaveLength(1)
  })
})

describe.concurrent('neither reports nor questions keep a call beyond its time in all', () => {
  test('of a server that reports without an end', async () => {
    const client = await connect('bounded')
    const { message, events } = await client.call('go-on', {}, { progressToken: 'token' })

    expect(codeOf({ message })).toBe('call_timeout')
    expect(events.length).toBeGreaterThan(CLOCK_MS / REPORT_EVERY_MS)
  })

  test('of a client that never answers', async () => {
    const client = await connect('bounded-asks')
    const call = await client.openCall('ask', ELICIT)
    await call.message()

    expect(codeOf({ message: await call.message() })).toBe('call_timeout')
  })

  test('and where the two are one, nothing extends it', async () => {
    const client = await connect('fixed')
    const { message, events } = await client.call('go-on', {}, { progressToken: 'token' })

    expect(codeOf({ message })).toBe('call_timeout')
    expect(events.length).toBeLessThan((2 * CLOCK_MS) / REPORT_EVERY_MS)
  })
})

async function modern(server: string): Promise<ModernClient> {
  return new ModernClient(targetOf(gateway, server))
}
