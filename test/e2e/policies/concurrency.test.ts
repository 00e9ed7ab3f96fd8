/** Concurrency limits with real processes: a slot comes back, whatever way its call ends. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { within } from '#test/support/event-reader.ts'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway, type GatewayOptions } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool, send, type Answer } from '#test/support/http-client.ts'
import { Notes } from '#test/support/notes.ts'
import { waitUntil } from '#test/support/processes.ts'

interface Note {
  pid: number
  id?: unknown
  params?: { name?: string; arguments?: { key?: string } }
}

const KEEP_ALIVE_MS = 500
const CALL_TIMEOUT_MS = 1_500
/** A client's absence shows when the first bytes of its quiet call are due. */
const SLOT_DEADLINE_MS = 12_000
/** Only `hold` is limited: whether a process lives can be asked all the while. */
const limits = [
  {
    ...({ name: 'one-hold', per: 'principal', algorithm: 'concurrency', limit: 1 } as const),
    match: { tools: ['*/hold'] },
  },
]

const notes = new Notes<Note>()
const begun = (key: string): Promise<Note> =>
  notes.first(({ params }) => params?.arguments?.key === key)
const hasBegun = (key: string): boolean =>
  notes.all(({ params }) => params?.arguments?.key === key).length > 0
let gateway: Gateway

beforeAll(async () => {
  const env = { NOTES: notes.file }
  const servers: GatewayOptions['servers'] = {
    own: fixture('holds-calls', { env, limits }),
    another: fixture('holds-calls', { env, limits }),
    shared: fixture('holds-calls', { env: { ...env, SHARED: '1' }, sharing: 'shared', limits }),
    modern: fixture('holds-calls-modern', { env, limits }),
    impatient: fixture('holds-calls', {
      ...{ env, limits },
      timeoutMs: { call: CALL_TIMEOUT_MS, start: 30_000 },
    }),
    asks: fixture('asks-client', {
      limits: [{ name: 'one-ask', per: 'tool', algorithm: 'concurrency', limit: 1 }],
    }),
    two: fixture('holds-calls', {
      env,
      limits: [{ name: 'two', per: 'tool', algorithm: 'concurrency', limit: 2 }],
    }),
  }
  gateway = await startGateway({ variables: { KEEP_ALIVE_MS: String(KEEP_ALIVE_MS) }, servers })
})

afterAll(async () => {
  await gateway?.stop()
  notes.remove()
})

interface Client {
  call(name: string, args: object): Promise<Answer>
}

/** A client of each era on each kind of server. */
const ROADS: Record<string, () => Promise<Client> | Client> = {
  'a session with its own process': () => initialize(targetOf(gateway, 'own')),
  'a session on a shared process': () => initialize(targetOf(gateway, 'shared')),
  'a session on a modern server': () => initialize(targetOf(gateway, 'modern')),
  'a modern client of a legacy server': () => new ModernClient(targetOf(gateway, 'own')),
  'a modern client of a modern server': () => new ModernClient(targetOf(gateway, 'modern')),
}

let lastKey = 0
const newKey = (): string => `held-${++lastKey}`

interface Held {
  note: Note
  answer: Promise<Answer>
}

async function hold(client: Client): Promise<Held> {
  const key = newKey()
  const answer = client.call('hold', { key })
  return { answer, note: await begun(key) }
}

/** One more call is let in; its process is killed, so that nothing is left of it. */
async function expectSlot(client: Client): Promise<void> {
  const key = newKey()
  let answer: Promise<Answer> | undefined
  await waitUntil(
    async () => {
      answer = client.call('hold', { key })
      return Promise.race([begun(key).then(() => true), answer.then(() => false)])
    },
    'no slot came back',
    SLOT_DEADLINE_MS,
  )
  process.kill((await begun(key)).pid, 'SIGKILL')
  expect((await answer)?.message.error?.data).toMatchObject({ code: 'server_exited' })
}

async function expectRefused(client: Client): Promise<void> {
  const key = newKey()
  const { status, headers, message } = await client.call('hold', { key })
  expect(status).toBe(429)
  expect(headers.get('Retry-After')).toBe('1')
  expect(headers.get('RateLimit-Policy')).toBe('"one-hold";q=1;qu="concurrent-requests"')
  expect(headers.get('RateLimit')).toBe('"one-hold";r=0')
  expect(message.error).toEqual({
    code: -32015,
    message:
      'Too many calls at once: the limit "one-hold" allows 1 call at once for each caller; try again when one of them has ended',
    data: {
      ...{ code: 'too_many_calls', retryable: true, retryAfterMs: 1_000 },
      ...{ limit: 'one-hold', scope: 'principal' },
    },
  })
  expect(hasBegun(key)).toBe(false)
}

describe.each(Object.entries(ROADS))('%s', (_, connect) => {
  test('is refused beyond the limit, and let in again when the process was killed', async () => {
    const client = await connect()
    const { note, answer } = await hold(client)
    await expectRefused(client)
    await expectRefused(await connect())
    process.kill(note.pid, 'SIGKILL')

    expect((await answer).message.error?.data).toMatchObject({ code: 'server_exited' })
    await expectSlot(client)
  })

  test('is let in again when the host program was killed', async () => {
    const client = await connect()
    const { answer } = await hold(client)
    await gateway.killHostProgram()

    expect((await answer).message.error?.data).toMatchObject({ retryable: true })
    await expectSlot(client)
  })

  test('is let in again when the object was evicted', async () => {
    const client = await connect()
    const { answer, note } = await hold(client)
    await gateway.evictServerHost()
    await answer
    // The call of the former object is counted by none.
    if (existsSync(`/proc/${note.pid}`)) process.kill(note.pid, 'SIGKILL')

    await expectSlot(client)
  })
})

test('a cancelled call gives its slot back', async () => {
  const client = await initialize(targetOf(gateway, 'own'))
  const key = newKey()
  const answer = client.call('hold', { key }, { id: 'held' })
  await begun(key)
  await expectRefused(client)
  await client.notify('notifications/cancelled', { requestId: 'held' })

  expect((await within(answer)).message).toEqual({})
  await expectSlot(client)
})

test('a deleted session gives the slots of its calls back', async () => {
  const [client, other] = [
    await initialize(targetOf(gateway, 'own')),
    await initialize(targetOf(gateway, 'own')),
  ]
  const { answer } = await hold(client)
  await expectRefused(other)
  await client.delete()

  expect((await within(answer)).message.error?.data).toMatchObject({ code: 'call_cancelled' })
  await expectSlot(other)
})

test('a call that takes too long gives its slot back', async () => {
  const client = await initialize(targetOf(gateway, 'impatient'))
  const { answer } = await hold(client)
  await expectRefused(client)

  expect((await answer).message.error?.data).toMatchObject({ code: 'call_timeout' })
  await expectSlot(client)
})

/** Each at a server of its own: they wait for seconds, side by side. */
describe.concurrent('when it vanishes', () => {
  test.each(['own', 'modern'])('a modern client gives its slot back: %s', async (server) => {
    const client = new ModernClient(targetOf(gateway, server))
    const key = newKey()
    const abort = new AbortController()
    const { headers, body } = client.compose('tools/call', { name: 'hold', arguments: { key } })
    const gone = send(client.target, 'POST', headers, body, abort.signal).catch(() => 'gone')
    await begun(key)
    await expectRefused(client)
    abort.abort()

    expect(await gone).toBe('gone')
    await expectSlot(client)
  })

  test('a legacy client keeps its slot: its call goes on', async () => {
    const client = await initialize(targetOf(gateway, 'another'))
    const call = await client
      .openCall('hold', { key: newKey() }, { progressToken: 'p' })
      .catch(() => undefined)
    call?.disconnect()

    await expectRefused(client)
    await client.delete()
    await expectSlot(await initialize(targetOf(gateway, 'another')))
  })
})

test('an answered call, and one that its server refuses, give their slots back', async () => {
  const client = await initialize(targetOf(gateway, 'two'))
  for (let time = 0; time < 5; time++) {
    expect((await client.call('pid')).status).toBe(200)
    expect((await client.call('unknown')).message.error?.code).toBe(-32601)
  }

  expect(await hold(client)).toBeDefined()
  expect(await hold(client)).toBeDefined()
  expect((await client.call('hold', { key: newKey() })).status).toBe(429)
  expect(readTool<number>(await client.call('pid'))).toBeGreaterThan(0)
  await client.delete()
})

test('a call that waits for its client holds no slot: its retry takes one', async () => {
  const client = new ModernClient(targetOf(gateway, 'asks'), { elicitation: { form: {} } })
  const params = { message: 'yes?', requestedSchema: { type: 'object', properties: {} } }
  const args = { method: 'elicitation/create', params }
  const first = await client.call('ask', args)
  const second = await client.call('ask', args)
  const [parked, other] = [first, second].map(({ message }) => message.result)
  expect([parked?.resultType, other?.resultType]).toEqual(['input_required', 'input_required'])

  const inputResponses = Object.fromEntries(
    Object.keys(parked?.inputRequests as object).map((key) => [key, { action: 'decline' }]),
  )
  const retry = await client.call(
    'ask',
    args,
    {},
    { requestState: parked?.requestState, inputResponses },
  )
  expect(readTool(retry)).toEqual({ action: 'decline' })
})

test('a subscription holds no slot', async () => {
  const client = new ModernClient(targetOf(gateway, 'own'))
  const streams = [await client.listen({}, 'l1'), await client.listen({}, 'l2')]

  await expectSlot(client)
  for (const stream of streams) stream.disconnect()
})

test('what is refused is logged with its code', async () => {
  const refused = () => gateway.logs.filter((line) => line.includes('"outcome":"too_many_calls"'))

  await expect.poll(() => refused().length).toBeGreaterThan(5)
  expect(JSON.parse(refused()[0] ?? '')).toMatchObject({ method: 'tools/call', target: 'hold' })
})
