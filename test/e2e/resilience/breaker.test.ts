/** Circuit breakers with real processes: when they open, what calls get meanwhile, how they close. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway, type GatewayOptions } from '#test/support/gateway.ts'
import {
  initialize,
  ModernClient,
  readTool,
  sendInitialize,
  type Answer,
} from '#test/support/http-client.ts'
import { codeOf, Orders, statusOf } from './orders.ts'

const FAILURES = 3
const OPEN_MS = 1_500
/** Longest that a refusal may take. */
const AT_ONCE_MS = 50
const breaker = { consecutiveFailures: FAILURES, openMs: OPEN_MS }

const orders = {
  legacy: new Orders(),
  modern: new Orders(),
  evicted: new Orders(),
  off: new Orders(),
}
const dead: GatewayOptions['servers'][string] = {
  command: 'hearth-test-no-such-command',
  resilience: { breaker, retries: false },
}
let gateway: Gateway

beforeAll(async () => {
  const resilience = { breaker }
  gateway = await startGateway({
    warm: false,
    servers: {
      legacy: orders.legacy.config({ resilience }),
      modern: orders.modern.config({ resilience }),
      evicted: orders.evicted.config({ resilience: { breaker: { ...breaker, openMs: 60_000 } } }),
      off: orders.off.config({ resilience: { breaker: false } }),
      dead,
    },
  })
})

afterAll(async () => {
  await gateway?.stop()
  for (const one of Object.values(orders)) one.remove()
})

const legacy = (server: string) => initialize(targetOf(gateway, server))
const modern = (server: string) => new ModernClient(targetOf(gateway, server))

async function callTimes(
  client: { call: (name: string, args: object) => Promise<Answer> },
  times: number,
): Promise<unknown[]> {
  const codes = []
  for (let n = 0; n < times; n++) codes.push(codeOf(await client.call('work', { key: `${n}` })))
  return codes
}

const linesOf = (server: string) =>
  gateway.logs
    .filter((line) => line.includes('"event":"breaker"'))
    .map((line) => JSON.parse(line.slice(line.indexOf('{'))) as Record<string, unknown>)
    .filter((line) => line.server === server)

describe.each(['legacy', 'modern'] as const)(
  'a %s client of a server that dies on every call',
  (era) => {
    const connect = era === 'legacy' ? legacy : modern
    const order = orders[era]

    test('is refused at once after so many failures, and served again when it recovers', async () => {
      const client = await connect(era)
      await client.call('work', { key: 'warm-up' })
      order.give('die')
      expect(await callTimes(client, FAILURES)).toEqual(Array(FAILURES).fill('server_exited'))
      const runs = order.runs()

      const started = performance.now()
      const refused = await client.call('work', { key: 'refused' }, { id: 'refused' })
      const tookMs = performance.now() - started
      const retryAfterMs = Number(refused.message.error?.data?.retryAfterMs)

      expect({ status: refused.status, message: refused.message }).toMatchObject({
        status: 200,
        message: {
          id: 'refused',
          error: { code: -32017, data: { code: 'server_unavailable', retryable: true } },
        },
      })
      expect(refused.headers.get('Retry-After')).toBe(String(Math.ceil(retryAfterMs / 1_000)))
      expect(retryAfterMs).toBeLessThanOrEqual(OPEN_MS)
      expect(tookMs).toBeLessThan(AT_ONCE_MS)
      expect(order.runs()).toBe(runs)
      expect((await statusOf(gateway, era)).resilience).toMatchObject({
        ...{ breaker: { state: 'open' }, failures: FAILURES },
      })

      // It has not recovered: the one that tries fails, and the next is refused again.
      await delay(retryAfterMs)
      expect(await callTimes(client, 2)).toEqual(['server_exited', 'server_unavailable'])

      order.give('fine')
      await delay(OPEN_MS)
      expect(readTool(await client.call('work', { key: 'well' }))).toEqual({ done: true })
      expect(await callTimes(client, 3)).toEqual([undefined, undefined, undefined])
      await gateway.allLogs()
      expect(linesOf(era).map(({ from, to }) => `${String(from)} ${String(to)}`)).toEqual([
        'closed open',
        'open half-open',
        'half-open open',
        'open half-open',
        'half-open closed',
      ])
      expect(linesOf(era)[0]).toMatchObject({ tenant: 'local', lastFailure: 'server_exited' })
    })
  },
)

test('a breaker that is open is open for all sessions, new ones, and both eras', async () => {
  const [one, other] = [await legacy('evicted'), await legacy('evicted')]
  orders.evicted.give('die')
  await callTimes(one, FAILURES)

  expect(codeOf(await other.call('work', { key: 'other' }))).toBe('server_unavailable')
  expect(codeOf(await modern('evicted').call('work', { key: 'modern' }))).toBe('server_unavailable')
  const fresh = await sendInitialize(targetOf(gateway, 'evicted'))
  expect(codeOf(fresh)).toBe('server_unavailable')
  expect(fresh.headers.has('Mcp-Session-Id')).toBe(false)
})

test('it stays open when the object is evicted, and others are not touched', async () => {
  const session = await legacy('off')
  await gateway.evictServerHost()
  const answer = await modern('evicted').call('work', { key: 'after' })

  expect(codeOf(answer)).toBe('server_unavailable')
  expect(answer.message.error?.message).toContain('server_exited')
  expect((await statusOf(gateway, 'evicted')).resilience).toMatchObject({
    ...{ health: 'unhealthy', inFlight: 0, queued: 0, lastFailure: { code: 'server_exited' } },
    breaker: { state: 'open', since: expect.any(Number), retryAfterMs: expect.any(Number) },
  })
  const ready = await fetch(`${gateway.url}/ready`, { headers: gateway.headers })
  const { servers } = (await ready.json()) as { servers: { name: string }[] }
  expect(servers.find(({ name }) => name === 'evicted')).toMatchObject({
    ...{ health: 'unhealthy', breaker: 'open' },
  })
  expect(readTool(await session.call('work', { key: 'untouched' }))).toEqual({ done: true })
})

test('a changed command begins anew', async () => {
  orders.evicted.give('fine')
  const { servers } = await gateway.admin<{ servers: Record<string, { args: string[] }> }>(
    'GET',
    'servers',
  )
  const { evicted } = servers
  await gateway.admin('PUT', 'servers/evicted', {
    ...evicted,
    args: [...(evicted?.args ?? []), 'new'],
  })

  await expect.poll(async () => codeOf(await modern('evicted').call('work', {}))).toBeUndefined()
})

test('a server that does not start opens its breaker, too', async () => {
  const codes = []
  for (let n = 0; n < FAILURES + 1; n++)
    codes.push(codeOf(await sendInitialize(targetOf(gateway, 'dead'))))

  expect(codes.slice(0, FAILURES)).not.toContain('server_unavailable')
  expect(codes.at(-1)).toBe('server_unavailable')
  expect(codeOf(await modern('dead').request('tools/list'))).toBe('server_unavailable')
})

describe('without a breaker', () => {
  beforeEach(() => orders.off.give('fine'))

  test('each call is tried', async () => {
    const client = await legacy('off')
    orders.off.give('die')
    const codes = await callTimes(client, FAILURES + 1)

    expect(codes).toEqual(Array(FAILURES + 1).fill('server_exited'))
  })
})

test("errors of the server's own do not open it", async () => {
  orders.legacy.give('fine')
  const client = await legacy('legacy')
  for (let n = 0; n < 2 * FAILURES; n++) {
    expect((await client.call('no-such-tool')).message.error?.code).toBe(-32601)
  }

  expect(readTool(await client.call('work', { key: 'still' }))).toEqual({ done: true })
})
