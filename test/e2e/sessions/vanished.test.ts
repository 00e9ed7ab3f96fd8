/** Clients that vanish, come back, do not read or give up: what reaches the server, and what is kept. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { within, type Message } from '#test/support/event-reader.ts'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool, send } from '#test/support/http-client.ts'
import { Notes } from '#test/support/notes.ts'
import { waitUntil } from '#test/support/processes.ts'

interface Note {
  pid: number
  id?: unknown
  method: string
  params?: { requestId?: unknown; arguments?: { key?: string } }
}

/** A client's absence shows in a failed write; the first bytes of a quiet call are due after 1 s. */
const KEEP_ALIVE_MS = 500
const CANCEL_DEADLINE_MS = 4_000

const notes = new Notes<Note>()

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    variables: { KEEP_ALIVE_MS: String(KEEP_ALIVE_MS) },
    servers: {
      ticks: fixture('ticks'),
      holds: fixture('holds-calls', { env: { NOTES: notes.file } }),
      'holds-modern': fixture('holds-calls-modern', { env: { NOTES: notes.file } }),
      lists: fixture('changes-lists'),
    },
  })
})

afterAll(async () => {
  await gateway?.stop()
  notes.remove()
})

const connect = (server: string) => initialize(targetOf(gateway, server))
const progressOf = ({ params }: Message): unknown => params?.progress

test('a call goes on without its client, and is resumed with every missed event once', async () => {
  const client = await connect('ticks')
  const call = await client.openCall('tick', { first: 3, then: 4 }, { progressToken: 't' })
  await call.message(({ params }) => params?.progress === 2)
  call.disconnect()
  await client.call('go')

  const resumed = await client.resume(call.lastEventId ?? '')
  const messages = await resumed.rest()

  expect(messages.slice(0, -1).map(progressOf)).toEqual([3, 4, 5, 6, 7])
  expect(readTool({ message: messages.at(-1) ?? {} })).toEqual({ ticks: 7 })
})

test('a stream is resumed as often as it breaks, until nothing of it is left', async () => {
  const client = await connect('ticks')
  const call = await client.openCall('tick', { first: 2, then: 2 }, { progressToken: 't' })
  const primed = await call.next()
  call.disconnect()
  const second = await client.resume(primed?.id ?? '')
  expect(progressOf(await second.message())).toBe(1)
  second.disconnect()
  await client.call('go')
  const third = await client.resume(primed?.id ?? '')
  const whole = await third.rest()
  expect(whole.slice(0, -1).map(progressOf)).toEqual([1, 2, 3, 4])

  // Nothing comes any more: the client is not to ask again.
  await expect(client.resume(third.lastEventId ?? '')).rejects.toThrow('status 204')
})

test('events of one stream are not replayed on another', async () => {
  const client = await connect('ticks')
  const options = { progressToken: 'a' }
  const call = await client.openCall('tick', { first: 1, then: 1 }, options)
  await call.message()
  const get = await client.stream()
  await client.call('go')
  await call.rest()
  get.disconnect()

  expect(get.messages).toEqual([])
})

test.each(['9-1', 'nonsense', '1-2-3', '-1-0', 'x'.repeat(300)])(
  'an event id that was never issued is refused (case %#)',
  async (id) => {
    const client = await connect('ticks')
    const resumed = await client.resume(id)

    expect(resumed.response.status).toBe(400)
    expect(await resumed.response.headers.get('Content-Type')).toBe('application/json')
    resumed.disconnect()
  },
)

test('a newer GET stream takes the place of the former, which ends', async () => {
  const client = await connect('lists')
  const former = await client.stream()
  const newer = await client.stream()
  expect(await former.rest()).toEqual([])

  await client.call('change')
  const changed = await newer.message()
  newer.disconnect()

  expect(changed.method).toBe('notifications/tools/list_changed')
  expect(former.messages).toEqual([])
})

test('what came before anyone listened waits for the first GET stream', async () => {
  const client = await connect('lists')
  await client.call('update', { uri: 'test://early' })

  const get = await client.stream()
  const early = await get.message()
  get.disconnect()

  expect(early.params?.uri).toBe('test://early')
})

test('a GET stream that broke goes on after the last event that its client saw', async () => {
  const client = await connect('lists')
  const first = await client.stream()
  await client.call('update', { uri: 'test://1' })
  await first.message()
  first.disconnect()
  await client.call('update', { uri: 'test://2' })
  await client.call('update', { uri: 'test://3' })

  const second = await client.resume(first.lastEventId ?? '')
  const uris = [await second.message(), await second.message()].map(({ params }) => params?.uri)
  await client.call('change')
  const next = await second.message()
  second.disconnect()

  expect(uris).toEqual(['test://2', 'test://3'])
  expect(next.method).toBe('notifications/tools/list_changed')
})

test.concurrent.each(['holds', 'holds-modern'])(
  'a modern client that vanishes cancels its call, at the latest when bytes are due: %s',
  async (server) => {
    const client = new ModernClient(targetOf(gateway, server))
    const abort = new AbortController()
    const key = `vanishes-${server}`
    const { headers, body } = client.compose('tools/call', { name: 'hold', arguments: { key } })
    const call = send(client.target, 'POST', headers, body, abort.signal).catch(() => 'gone')
    const begun = await notes.first(({ params }) => params?.arguments?.key === key)
    abort.abort()

    expect(await call).toBe('gone')
    const told = await notes.first(isCancelled(begun), CANCEL_DEADLINE_MS)
    expect(told.params?.requestId).toBe(begun.id)
  },
)

function isCancelled(call: Note): (note: Note) => boolean {
  return ({ pid, method }) => pid === call.pid && method === 'notifications/cancelled'
}

test('a cancelled call ends, its server is told, and the session goes on', async () => {
  const client = await connect('holds')
  const call = client.call('hold', { key: 'held' }, { id: 'held' })
  await waitUntil(() => hasBegun(client), 'the call did not begin')
  const accepted = await client.notify('notifications/cancelled', {
    requestId: 'held',
    reason: 'x',
  })

  expect(accepted.status).toBe(202)
  expect((await within(call)).message).toEqual({})
  const held = await notes.first(({ params }) => params?.arguments?.key === 'held')
  await notes.first(({ params }) => params?.requestId === held.id)
  expect((await client.call('pid')).status).toBe(200)
})

test('a deleted session ends its call in flight and its streams, and is gone', async () => {
  const client = await connect('holds')
  const get = await client.stream()
  const call = client.call('hold')
  await waitUntil(() => hasBegun(client), 'the call did not begin')
  const deleted = await client.delete()

  expect(deleted.status).toBe(204)
  expect((await within(call)).message.error?.data).toMatchObject({ code: 'call_cancelled' })
  expect(await get.rest()).toEqual([])
  expect(await client.call('pid')).toMatchObject({
    status: 404,
    message: { error: { data: { code: 'session_not_found' } } },
  })
  expect((await client.delete()).status).toBe(404)
})

/** The calls of a session reach its process in order, so an answer says that the former one is there. */
async function hasBegun(client: Awaited<ReturnType<typeof connect>>): Promise<boolean> {
  return (await client.call('pid')).status === 200
}
