/** What is tried again, how often, and until when. Executions are counted by the server itself. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SAVED_RETRIES } from '#durable-objects/server-host/guard/retry-budget.ts'
import { targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool } from '#test/support/http-client.ts'
import { codeOf, Orders } from './orders.ts'

const CALL_MS = 1_000
/** Deadlines are late by a tick and the grace, and by what the machine is busy with. */
const LATE_MS = 1_500
const FLOOD = 40
const RATIO = 0.1

const orders = {
  restarts: new Orders(),
  begins: new Orders(),
  own: new Orders(),
  often: new Orders(),
  never: new Orders(),
  flooded: new Orders(),
  shared: new Orders(),
  late: new Orders(),
  cold: new Orders(),
}
type Name = keyof typeof orders
let gateway: Gateway

beforeAll(async () => {
  const retries = { baseMs: 10 }
  const budget = { breaker: false, retries: { budgetRatio: RATIO } } as const
  const timeoutMs = { call: CALL_MS, start: 30_000 }
  gateway = await startGateway({
    warm: false,
    servers: {
      restarts: orders.restarts.config({ resilience: { retries } }),
      begins: orders.begins.config({ resilience: { retries } }),
      own: orders.own.config({ resilience: { retries } }),
      often: orders.often.config({ resilience: { retries: { ...retries, attempts: 3 } } }),
      never: orders.never.config({ resilience: { retries: false } }),
      flooded: orders.flooded.config({ resilience: budget }),
      shared: orders.shared.config({ resilience: budget, sharing: 'shared' }),
      late: orders.late.config({ timeoutMs }),
      cold: orders.cold.config({ timeoutMs }),
    },
  })
})

afterAll(async () => {
  await gateway?.stop()
  for (const one of Object.values(orders)) one.remove()
})

const connect = (name: Name) => initialize(targetOf(gateway, name))

/** A session whose process is gone. */
async function bereft(name: Name) {
  const client = await connect(name)
  orders[name].give('fine')
  expect(readTool(await client.call('work', { key: 'last' }))).toEqual({ done: true })
  await orders[name].kill()
  return client
}

test.each(['work', 'work_safe'])(
  'a process that does not start is tried again: no process has seen the call (%s)',
  async (tool) => {
    const client = await bereft('restarts')
    orders.restarts.give('stillborn')
    const { starts } = orders.restarts

    expect(readTool(await client.call(tool, { key: tool }))).toEqual({ done: true })
    expect(orders.restarts.given).toBe('fine')
    expect(orders.restarts.runs(tool)).toBe(1)
    expect(orders.restarts.starts).toBe(starts + 2)
    await client.delete()
  },
)

test('a session begins although its first process does not start', async () => {
  await (await connect('begins')).delete()
  orders.begins.give('stillborn')
  const { starts } = orders.begins
  const client = await connect('begins')

  expect(orders.begins.starts).toBe(starts + 2)
  expect(readTool(await client.call('work', { key: 'begun' }))).toEqual({ done: true })
})

test.each([
  { server: 'own', tool: 'work', runs: 1 },
  { server: 'own', tool: 'work_safe', runs: 2 },
  { server: 'often', tool: 'work_safe', runs: 3 },
  { server: 'never', tool: 'work_safe', runs: 1 },
] as const)('$tool on $server runs $runs times at most', async ({ server, tool, runs }) => {
  const client = await connect(server)
  orders[server].give('die')
  const key = `${tool}-dies`

  expect(codeOf(await client.call(tool, { key }))).toMatch(/server_exited|server_crash_loop/)
  expect(orders[server].runs(key)).toBe(runs)
  orders[server].give('fine')
})

test.each(['flooded', 'shared'] as const)(
  'a flood of failures on a %s server is not multiplied beyond the budget',
  async (name) => {
    const client = await connect(name)
    orders[name].give('die-late')
    const calls = Array.from({ length: FLOOD }, (_, n) => client.call('work_safe', { key: `${n}` }))
    const codes = (await Promise.all(calls)).map(codeOf)

    // The calls before these have earned some, too.
    const most = FLOOD + SAVED_RETRIES + Math.ceil(FLOOD * RATIO)
    expect(new Set(codes)).toEqual(new Set(['server_exited']))
    expect(orders[name].runs()).toBeGreaterThan(FLOOD)
    expect(orders[name].runs()).toBeLessThanOrEqual(most)
  },
)

async function timed<T>(work: Promise<T>): Promise<{ value: T; tookMs: number }> {
  const started = performance.now()
  const value = await work
  return { value, tookMs: performance.now() - started }
}

test('the deadline of a call covers the start of its process', async () => {
  const client = await bereft('late')
  orders.late.give('mute')
  const { value, tookMs } = await timed(client.call('work', { key: 'muted' }))

  expect(codeOf(value)).toBe('call_timeout')
  expect(tookMs).toBeLessThan(CALL_MS + LATE_MS)
  expect(orders.late.runs('muted')).toBe(0)
})

test.each([
  { server: 'late', what: 'the start of a process' },
  { server: 'cold', what: 'finding out what it speaks' },
] as const)("the deadline of a modern client's call covers $what", async ({ server }) => {
  orders[server].give('mute')
  const client = new ModernClient(targetOf(gateway, server))
  const { value, tookMs } = await timed(client.call('work', { key: 'modern' }))

  expect(codeOf(value)).toMatch(/server_start_timeout|call_timeout/)
  expect(tookMs).toBeLessThan(CALL_MS + LATE_MS)
})

test('a call that its client gives up while its process starts never runs', async () => {
  const client = await bereft('often')
  orders.often.give('mute')
  const call = client.call('work', { key: 'given-up' }, { id: 'given-up' })
  await client.notify('notifications/cancelled', { requestId: 'given-up' })

  expect((await call).message).toEqual({})
  orders.often.give('fine')
  expect(orders.often.runs('given-up')).toBe(0)
})
