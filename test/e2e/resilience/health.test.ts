/** Active checks with real processes: what they find, and that they are of no other consequence. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool } from '#test/support/http-client.ts'
import { waitUntil, waitUntilGone } from '#test/support/processes.ts'
import { Orders, statusOf } from './orders.ts'

const INTERVAL_MS = 100
const IDLE_MS = 1_500
const health = { intervalMs: INTERVAL_MS, timeoutMs: 300 }

const orders = {
  checked: new Orders(),
  idle: new Orders(),
  off: new Orders(),
  leased: new Orders(),
}
let gateway: Gateway

beforeAll(async () => {
  const resilience = { health }
  gateway = await startGateway({
    warm: false,
    servers: {
      checked: orders.checked.config({ resilience }),
      idle: orders.idle.config({ resilience, idleTimeoutMs: IDLE_MS }),
      leased: orders.leased.config({ resilience }),
      off: orders.off.config(),
      modern: fixture('holds-calls-modern', { env: { NOTES: '/dev/null' }, resilience }),
    },
  })
})

afterAll(async () => {
  await gateway?.stop()
  for (const one of Object.values(orders)) one.remove()
})

const healthOf = async (server: string) => (await statusOf(gateway, server)).resilience?.health

test('a process that answers no check makes its server unhealthy, until it answers again', async () => {
  expect(await healthOf('checked')).toBe('unknown')
  await initialize(targetOf(gateway, 'checked'))
  await waitUntil(() => orders.checked.count('ping') >= 2, 'it was not asked')
  expect(await healthOf('checked')).toBe('healthy')

  process.kill(orders.checked.pid, 'SIGSTOP')
  await waitUntil(async () => (await healthOf('checked')) === 'unhealthy', 'it is not unhealthy')
  expect((await statusOf(gateway, 'checked')).resilience).toMatchObject({
    ...{ lastFailure: { code: 'call_timeout' }, inFlight: 0 },
  })

  process.kill(orders.checked.pid, 'SIGCONT')
  await waitUntil(async () => (await healthOf('checked')) === 'healthy', 'it is not healthy')
})

test('a leased process is asked, too', async () => {
  const client = new ModernClient(targetOf(gateway, 'leased'))
  expect(readTool(await client.call('work', {}))).toEqual({ done: true })

  await waitUntil(() => orders.leased.count('ping') >= 2, 'it was not asked')
})

test('a modern server, which knows no ping, is asked what it speaks', async () => {
  const client = new ModernClient(targetOf(gateway, 'modern'))
  const pid = readTool<number>(await client.call('pid'))
  process.kill(pid, 'SIGSTOP')
  await waitUntil(async () => (await healthOf('modern')) === 'unhealthy', 'it is not unhealthy')
  process.kill(pid, 'SIGCONT')
  await waitUntil(async () => (await healthOf('modern')) === 'healthy', 'it is not healthy')
})

test('checks are no use of a process: it ends when it would without them, and none is started', async () => {
  const client = await initialize(targetOf(gateway, 'idle'))
  const { pid } = orders.idle
  await waitUntil(() => orders.idle.count('ping') >= 2, 'it was not asked')
  const { starts } = orders.idle
  await waitUntilGone(pid, 4 * IDLE_MS)
  const asked = orders.idle.count('ping')

  // A server that is checked all the while tells how time passes.
  const before = orders.checked.count('ping')
  await waitUntil(() => orders.checked.count('ping') >= before + 5, 'it was not asked')
  expect(orders.idle.starts).toBe(starts)
  expect(orders.idle.count('ping')).toBe(asked)
  expect(readTool(await client.call('work', {}))).toEqual({ done: true })
})

test('without the key nothing is asked', async () => {
  await initialize(targetOf(gateway, 'off'))
  const before = orders.checked.count('ping')
  await waitUntil(() => orders.checked.count('ping') >= before + 5, 'it was not asked')

  expect(orders.off.count('ping')).toBe(0)
})
