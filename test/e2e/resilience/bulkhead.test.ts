/** A bounded number of calls at once, and a bounded queue beside them, with a server that hangs. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, readTool, type Answer, type LegacyClient } from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'
import { issue } from '../access/issue.ts'
import { codeOf, Orders, statusOf } from './orders.ts'

const AT_ONCE_MS = 50
const QUEUE_MS = 500
/** Deadlines are late by a tick, and by what the machine is busy with. */
const LATE_MS = 1_000
const resilience = { maxConcurrent: 2, maxQueued: 2, queueMs: 60_000 }

const orders = {
  held: new Orders(),
  shared: new Orders(),
  brief: new Orders(),
  late: new Orders(),
  failing: new Orders(),
}
let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      held: orders.held.config({ resilience }),
      shared: orders.shared.config({ resilience }),
      brief: orders.brief.config({ resilience: { ...resilience, queueMs: QUEUE_MS } }),
      late: orders.late.config({ resilience, timeoutMs: { call: QUEUE_MS, start: 30_000 } }),
      failing: orders.failing.config({
        resilience: { ...resilience, maxConcurrent: 1, breaker: { consecutiveFailures: 1 } },
      }),
    },
  })
})

afterAll(async () => {
  await gateway?.stop()
  for (const one of Object.values(orders)) one.remove()
})

/** Calls that hang, by their ids. */
async function fill(server: keyof typeof orders, ids: string[]) {
  const client = await initialize(targetOf(gateway, server))
  orders[server].give('hang')
  const calls = new Map<string, Promise<Answer>>()
  for (const id of ids) {
    calls.set(id, client.call('work', { key: id }, { id }))
    if (calls.size <= resilience.maxConcurrent) await orders[server].begun(id)
  }
  return { client, calls }
}

const cancel = (client: LegacyClient, requestId: string): Promise<unknown> =>
  client.notify('notifications/cancelled', { requestId })

async function timed<T>(work: Promise<T>): Promise<{ value: T; tookMs: number }> {
  const started = performance.now()
  const value = await work
  return { value, tookMs: performance.now() - started }
}

test('two run, two wait, the fifth is refused at once, and what waits runs when there is room', async () => {
  const { client, calls } = await fill('held', ['a', 'b', 'c', 'd'])
  await expect
    .poll(async () => (await statusOf(gateway, 'held')).resilience)
    .toMatchObject({ health: 'healthy', breaker: { state: 'closed' }, inFlight: 2, queued: 2 })

  const { value: fifth, tookMs } = await timed(client.call('work', { key: 'e' }, { id: 'e' }))
  expect({ status: fifth.status, message: fifth.message }).toMatchObject({
    status: 200,
    message: {
      id: 'e',
      error: { code: -32005, data: { code: 'server_busy', retryable: true, retryAfterMs: 1_000 } },
    },
  })
  expect(fifth.headers.get('Retry-After')).toBe('1')
  expect(fifth.message.error?.message).toContain('2 calls run, and 2 wait')
  expect(tookMs).toBeLessThan(AT_ONCE_MS)

  // One that waits is given up: it never runs.
  await cancel(client, 'c')
  expect((await calls.get('c'))?.message).toEqual({})
  orders.held.give('fine')
  await cancel(client, 'a')
  expect(readTool((await calls.get('d')) ?? fifth)).toEqual({ done: true })
  await cancel(client, 'b')

  expect(readTool(await client.call('work', { key: 'f' }))).toEqual({ done: true })
  expect(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => orders.held.runs(key))).toEqual([
    1, 1, 0, 1, 0, 1,
  ])
})

test('a principal that fills the queue leaves a place in it to another, and its newest call gives way', async () => {
  const { token } = await issue(gateway, { scopes: ['*'] })
  const other = await initialize({ ...targetOf(gateway, 'shared'), token })
  const { client, calls } = await fill('shared', ['a', 'b', 'c', 'd'])

  const theirs = other.call('work', { key: 'theirs' })

  expect(codeOf((await calls.get('d')) ?? (await theirs))).toBe('server_busy')
  await cancel(client, 'c')
  orders.shared.give('fine')
  await cancel(client, 'a')
  expect(readTool(await theirs)).toEqual({ done: true })
  await cancel(client, 'b')
})

test('what waits in vain is told so after queueMs', async () => {
  const { client, calls } = await fill('brief', ['a', 'b'])
  const { value, tookMs } = await timed(client.call('work', { key: 'c' }))

  expect(codeOf(value)).toBe('server_busy')
  expect(value.message.error?.message).toContain(`none ended within ${QUEUE_MS} ms`)
  expect(tookMs).toBeGreaterThanOrEqual(QUEUE_MS)
  expect(tookMs).toBeLessThan(QUEUE_MS + LATE_MS)
  expect(orders.brief.runs('c')).toBe(0)
  for (const id of calls.keys()) await cancel(client, id)
})

test("a call's own deadline counts while it waits, too", async () => {
  const { calls } = await fill('late', ['a', 'b', 'c'])
  const { value: answers, tookMs } = await timed(Promise.all(calls.values()))
  const codes = answers.map(codeOf)

  expect(codes.slice(0, 2)).toEqual(['call_timeout', 'call_timeout'])
  expect(['server_busy', 'call_timeout']).toContain(codes[2])
  expect(tookMs).toBeLessThan(2 * QUEUE_MS + LATE_MS)
})

test('what waits is refused in the step in which the breaker opens', async () => {
  const client = await initialize(targetOf(gateway, 'failing'))
  orders.failing.give('die-late')
  const first = client.call('work', { key: 'a' })
  await orders.failing.begun('a')
  const second = client.call('work', { key: 'b' })
  await waitUntil(() => orders.failing.runs('a') === 1, 'it did not begin')

  expect(codeOf(await first)).toBe('server_exited')
  expect(codeOf(await second)).toBe('server_unavailable')
  expect(orders.failing.runs('b')).toBe(0)
})
