/** A process, the host program or the Durable Object dies in mid-session: the session does not. */
import { existsSync, readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool, type Answer } from '#test/support/http-client.ts'
import { Notes } from '#test/support/notes.ts'
import { isRunning, waitUntil } from '#test/support/processes.ts'

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

/** One call on each road. */
function callAll(clients: Record<string, Client>, tool: string) {
  return Object.entries(clients).map(([road, client]) => {
    const key = `call-${++lastKey}`
    return { road, key, answer: client.call(tool, { key }) }
  })
}

/** The processes that run the calls, once all of them have begun. */
async function pidsOf(calls: { key: string }[]): Promise<number[]> {
  const runs = await Promise.all(calls.map(({ key }) => begun(key)))
  return [...new Set(runs.map(({ pid }) => pid))]
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

/** Until its last thread is gone a dying process still has its pipes: what is written then is lost. */
async function killAll(pids: number[], lives: (pid: number) => boolean): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await waitUntil(() => !pids.some(lives), 'a killed process lives')
}

const kill: Fault = {
  what: 'a killed process',
  strike: (pids) => killAll(pids, (pid) => existsSync(`/proc/${pid}`)),
}
const killHost: Fault = { what: 'a killed host program', strike: () => gateway.killHostProgram() }
const evict: Fault = { what: 'an evicted object', strike: () => gateway.evictServerHost() }

describe.each([kill, killHost, evict])('$what', ({ strike }) => {
  test('between two calls is not noticed, and no call runs twice', async () => {
    const clients = await connectAll()
    const before = callAll(clients, 'count')
    await Promise.all(before.map(({ answer }) => answer))
    await strike(await pidsOf(before))

    const after = callAll(clients, 'count')
    for (const { road, answer } of after) {
      const { message } = await answer
      expect({ road, error: message.error }).toEqual({ road, error: undefined })
      expect({ road, ...readTool<object>(await answer) }).toEqual({ road, runs: 1 })
    }
    for (const { key } of [...before, ...after]) {
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
    const calls = callAll(await connectAll(), 'held_safe')
    await strike(await pidsOf(calls))

    for (const { road, key, answer } of calls) {
      expect({ road, ...readTool<object>(await answer) }).toEqual({ road, runs: 2 })
      expect(runsOf(key)).toHaveLength(2)
    }
  })

  test('fails the calls in flight that are not safe, and the next ones succeed', async () => {
    const clients = await connectAll()
    const calls = callAll(clients, 'held')
    await strike(await pidsOf(calls))

    for (const { road, key, answer } of calls) {
      const { status, message } = await answer
      const data = { code: 'server_exited', retryable: true }
      expect({ road, status, ...message }).toMatchObject({
        ...{ road, status: 200 },
        error: { code: -32004, data },
      })
      expect(runsOf(key)).toHaveLength(1)
    }
    for (const { answer } of callAll(clients, 'count'))
      expect(readTool(await answer)).toEqual({ runs: 1 })
  })
})

test('a call that comes when its process is dead, and nobody knows, runs on the next one', async () => {
  const clients = await connectAll()
  const before = callAll(clients, 'count')
  await Promise.all(before.map(({ answer }) => answer))
  const pids = await pidsOf(before)
  process.kill(gateway.hostProgramPid, 'SIGSTOP')
  await killAll(pids, hasThreads)
  const after = callAll(clients, 'count')
  await delay(ARRIVAL_MS)
  process.kill(gateway.hostProgramPid, 'SIGCONT')

  for (const { road, key, answer } of after) {
    expect({ road, ...readTool<object>(await answer) }).toEqual({ road, runs: 1 })
    expect(runsOf(key)).toHaveLength(1)
  }
})

/** For the calls to reach the stopped host program; one that is late is served all the same. */
const ARRIVAL_MS = 100

function hasThreads(pid: number): boolean {
  return isRunning(pid) || readdirSync(`/proc/${pid}/task`).length > 1
}

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
