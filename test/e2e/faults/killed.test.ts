/** A process, the host program or the Durable Object dies in mid-session: the session does not. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool, type Answer } from '#test/support/http-client.ts'
import { Notes } from '#test/support/notes.ts'
import { waitUntilGone } from '#test/support/processes.ts'

interface Run {
  pid: number
  key: string
}

const notes = new Notes<Run>()
const runsOf = (key: string): Run[] => notes.all((run) => run.key === key)
const begun = (key: string): Promise<Run> => notes.first((run) => run.key === key)
let gateway: Gateway

beforeAll(async () => {
  const env = { NOTES: notes.file }
  gateway = await startGateway({
    servers: {
      own: fixture('counts-calls', { env, warm: 1 }),
      shared: fixture('counts-calls', { env: { ...env, SHARED: '1' }, sharing: 'shared' }),
      modern: fixture('counts-calls-modern', { env }),
      interest: fixture('remembers-interest'),
    },
  })
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

/** One call on each road, begun in its process and not answered yet when it was `held`. */
async function callAll(clients: Record<string, Client>, tool: string) {
  const calls = Object.entries(clients).map(([road, client]) => {
    const key = `call-${++lastKey}`
    return { road, key, answer: client.call(tool, { key }) }
  })
  const pids = new Set<number>()
  for (const { key } of calls) pids.add((await begun(key)).pid)
  return { calls, pids: [...pids] }
}

async function connectAll(): Promise<Record<string, Client>> {
  const clients: Record<string, Client> = {}
  for (const [road, connect] of Object.entries(ROADS)) clients[road] = await connect()
  return clients
}

interface Fault {
  what: string
  /** `pids`: the processes that ran the calls. */
  strike: (pids: number[]) => Promise<unknown>
}

const kill: Fault = {
  what: 'a killed process',
  strike: (pids) => {
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    return Promise.all(pids.map((pid) => waitUntilGone(pid)))
  },
}
const killHost: Fault = { what: 'a killed host program', strike: () => gateway.killHostProgram() }
const evict: Fault = { what: 'an evicted object', strike: () => gateway.evictServerHost() }

describe.each([kill, killHost, evict])('$what', ({ strike }) => {
  test('between two calls is not noticed, and no call runs twice', async () => {
    const clients = await connectAll()
    const before = await callAll(clients, 'count')
    await Promise.all(before.calls.map(({ answer }) => answer))
    await strike(before.pids)

    const after = await callAll(clients, 'count')
    for (const { road, answer } of after.calls) {
      expect({ road, ...readTool<object>(await answer) }).toEqual({ road, runs: 1 })
    }
    for (const { key } of [...before.calls, ...after.calls]) {
      expect(runsOf(key)).toHaveLength(1)
    }
  })

  test('leaves the log level and the subscriptions to the next process', async () => {
    const client = await initialize(targetOf(gateway, 'interest'))
    await client.request('logging/setLevel', { level: 'warning' })
    await client.request('resources/subscribe', { uri: 'test://a' })
    await client.request('resources/subscribe', { uri: 'test://b' })
    await client.request('resources/unsubscribe', { uri: 'test://a' })
    const before = readTool<{ pid: number }>(await client.call('interest'))
    await strike([before.pid])

    const after = readTool<{ pid: number; uris: string[] }>(await client.call('interest'))
    expect(after).toMatchObject({ level: 'warning', uris: ['test://b'] })
  })
})

describe.each([kill, killHost])('$what', ({ strike }) => {
  test('has the calls in flight that are safe repeated once', async () => {
    const { calls, pids } = await callAll(await connectAll(), 'held_safe')
    await strike(pids)

    for (const { road, key, answer } of calls) {
      expect({ road, ...readTool<object>(await answer) }).toEqual({ road, runs: 2 })
      expect(runsOf(key)).toHaveLength(2)
    }
  })

  test('fails the calls in flight that are not safe, and the next ones succeed', async () => {
    const clients = await connectAll()
    const { calls, pids } = await callAll(clients, 'held')
    await strike(pids)

    for (const { road, key, answer } of calls) {
      const { status, message } = await answer
      const data = { code: 'server_exited', retryable: true }
      expect({ road, status, ...message }).toMatchObject({
        ...{ road, status: 200 },
        error: { code: -32004, data },
      })
      expect(runsOf(key)).toHaveLength(1)
    }
    const next = await callAll(clients, 'count')
    for (const { answer } of next.calls) expect(readTool(await answer)).toEqual({ runs: 1 })
  })
})

describe('an evicted object', () => {
  test('keeps its processes: the session goes on with the same one', async () => {
    const client = await initialize(targetOf(gateway, 'own'))
    await client.call('count', { key: 'before-eviction' })
    await evict.strike([])
    await client.call('count', { key: 'after-eviction' })

    const [before, after] = ['before-eviction', 'after-eviction'].map((key) => runsOf(key))
    expect(after?.[0]?.pid).toBe(before?.[0]?.pid)
  })

  test('ends a call in flight with a retryable error, and does not run it twice', async () => {
    const client = await initialize(targetOf(gateway, 'own'))
    const answer = client.call('held', { key: 'evicted' }, { id: 'lost' })
    await begun('evicted')
    await evict.strike([])

    const { message } = await answer
    expect(message).toMatchObject({ id: 'lost', error: { data: { retryable: true } } })
    expect(runsOf('evicted')).toHaveLength(1)
  })
})
