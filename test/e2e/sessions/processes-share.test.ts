/** A server's processes, and one principal that asks for many: it ends nobody's but its own. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool, type Answer } from '#test/support/http-client.ts'
import { issue } from '../access/issue.ts'

const PROCESSES = 4
const MANY = 10
const LONG_MS = 60_000

let gateway: Gateway
let tokens: string[]

beforeAll(async () => {
  const bounds = { maxProcesses: PROCESSES, warm: 0, timeoutMs: { start: 5_000, call: 5_000 } }
  gateway = await startGateway({
    servers: {
      browser: fixture('keeps-page', bounds),
      clients: fixture('keeps-page', bounds),
      pool: fixture('keeps-page', { ...bounds, sharing: 'pool' }),
    },
  })
  const issued = [await issue(gateway, { scopes: ['*'] }), await issue(gateway, { scopes: ['*'] })]
  tokens = issued.map(({ token }) => token)
})

afterAll(() => gateway?.stop())

const targetOf = (server: string, who: 'anna' | 'ben') => ({
  url: gateway.mcpURL(server),
  token: tokens[who === 'anna' ? 0 : 1] ?? '',
})

/** A process is idle when it has had no call for a second. */
const untilIdle = (): Promise<void> => delay(1_100)

const pageOf = (answer: Answer) => readTool<{ page: string | null }>(answer).page

test(
  'another principal keeps its pages in a session and in a client without one',
  { timeout: LONG_MS },
  async () => {
    const session = await initialize(targetOf('browser', 'ben'))
    const client = new ModernClient(targetOf('browser', 'ben'))
    for (const one of [session, client]) await one.call('open', { url: 'ben’s' })
    await untilIdle()

    const served: boolean[] = []
    for (let n = 0; n < MANY; n++) {
      const one = new ModernClient(targetOf('browser', 'anna'), {}, `a${n}`)
      served.push((await one.call('page')).message.result !== undefined)
      if (n < MANY / 2) await untilIdle()
    }
    for (let n = 0; n < PROCESSES; n++) {
      await initialize(targetOf('browser', 'anna')).catch(() => undefined)
    }

    expect(served.slice(0, MANY / 2)).toEqual(Array(MANY / 2).fill(true))
    for (const one of [session, client]) expect(pageOf(await one.call('page'))).toBe('ben’s')
  },
)

test.each(['clients', 'pool'])(
  'a principal without a process gets the place of whoever has all: %s',
  { timeout: LONG_MS },
  async (server) => {
    for (let n = 0; n < PROCESSES; n++) {
      const one = new ModernClient(targetOf(server, 'anna'), {}, `a${n}`)
      await one.call('open', { url: `${n}` })
    }
    const names = ['b0', 'b1', 'b2']
    const clients = names.map((name) => new ModernClient(targetOf(server, 'ben'), {}, name))
    for (const one of clients) await one.call('open', { url: 'ben’s' })
    const kept: (string | null)[] = []
    for (const n of [3, 2]) {
      const one = new ModernClient(targetOf(server, 'anna'), {}, `a${n}`)
      kept.push(pageOf(await one.call('page')))
    }

    expect(kept).toEqual(['3', '2'])
  },
)
