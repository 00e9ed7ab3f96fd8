/** A personal server's breaker is each principal's own: one cannot close the server to another. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { ModernClient, readTool } from '#test/support/http-client.ts'
import { codeOf, Orders, statusOf } from './orders.ts'

const FAILURES = 3
const breaker = { consecutiveFailures: FAILURES, openMs: 60_000 }

interface Caller {
  orders: Orders
  token: string
  client: ModernClient
}

const [hers, his] = [new Orders(), new Orders()]
let gateway: Gateway
let [her, him]: Caller[] = []

beforeAll(async () => {
  const env = { NOTES: '${principal:NOTES}', ORDERS: '${principal:ORDERS}' }
  const personal = fixture('obeys-orders', { env, resilience: { breaker } })
  gateway = await startGateway({ warm: false, servers: { personal } })
  her = await makeCaller('her', hers)
  him = await makeCaller('him', his)
})

afterAll(async () => {
  await gateway?.stop()
  hers.remove()
  his.remove()
})

async function makeCaller(name: string, orders: Orders): Promise<Caller> {
  const { token, info } = await gateway.admin<{ token: string; info: { principal: string } }>(
    'POST',
    'tokens',
    { name, grants: { scopes: ['*'] } },
  )
  for (const [secret, value] of Object.entries(orders.env)) {
    const path = `principals/${encodeURIComponent(info.principal)}/secrets/${secret}`
    await gateway.admin('PUT', path, { value })
  }
  return { orders, token, client: new ModernClient({ url: gateway.mcpURL('personal'), token }) }
}

const callOf = async (caller: Caller | undefined) => caller?.client.call('work', {})

test('it opens for the one whose process fails, and for nobody else, an eviction included', async () => {
  expect(readTool((await callOf(her)) ?? { message: {} })).toEqual({ done: true })
  hers.give('die')
  for (let n = 0; n < FAILURES; n++) await callOf(her)

  for (const phase of ['before', 'after']) {
    expect({ phase, code: codeOf((await callOf(her)) ?? { message: {} }) }).toEqual({
      ...{ phase, code: 'server_unavailable' },
    })
    expect(readTool((await callOf(him)) ?? { message: {} })).toEqual({ done: true })
    expect(hers.runs()).toBe(1 + FAILURES)
    if (phase === 'before') await gateway.evictServerHost()
  }
})

test('an operator sees the worst, and a principal nothing of the others', async () => {
  const { isPersonal, resilience } = await statusOf(gateway, 'personal')
  expect({ isPersonal, resilience }).toMatchObject({
    isPersonal: true,
    resilience: { health: 'unhealthy', breaker: { state: 'open' } },
  })

  const headers = { Authorization: `Bearer ${him?.token}` }
  const ready = (await (await fetch(`${gateway.url}/ready`, { headers })).json()) as object
  expect(ready).toEqual({ ready: true, servers: [{ name: 'personal', ready: true, warm: true }] })
})
