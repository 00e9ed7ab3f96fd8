/** What a tenant has a bounded number of, and one principal that takes all that it gets. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { initialize, ModernClient, sendInitialize, type Target } from '#test/support/http-client.ts'
import {
  SERVER,
  startScriptedGateway,
  type ScriptedGateway,
  type ScriptedTenant,
} from '#test/support/scripted-gateway.ts'
import { answerAsLegacy } from './answers.ts'

/** As store.ts, sessions.ts, legacy-server.ts, and listeners.ts have them. */
const MAX_SESSIONS = 10_000
const EXPIRE_EVERY = 32
const MAX_LIVE = 2_000
const MAX_PARKED = 32
const MAX_LISTENERS = 1_024
const AT_ONCE = 32

let gateway: ScriptedGateway

beforeAll(async () => {
  gateway = await startScriptedGateway()
})

afterAll(() => gateway.stop())

/** The greedy one has the tenant's first token, the other one a token of its own. */
async function principals(tenant: ScriptedTenant): Promise<{ greedy: Target; modest: Target }> {
  const { target } = await tenant.issue({ grants: { scopes: ['*'] } })
  return { greedy: tenant.target, modest: target }
}

async function times<T>(count: number, make: (nth: number) => Promise<T>): Promise<T[]> {
  const made: T[] = []
  let next = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < count) {
        const nth = next++
        made[nth] = await make(nth)
      }
    }),
  )
  return made
}

/** Sessions that were used after all others, as if the principal of one had begun them. */
function plant(storage: string, like: string, count: number): void {
  for (const path of globSync('**/*LocalServerHost/*.sqlite', { cwd: storage })) {
    if (!/[0-9a-f]{64}\.sqlite$/.test(path)) continue
    const database = new DatabaseSync(join(storage, path))
    const columns = 'server, principal, protocol, initialize, created'
    database
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO sessions (id, ${columns}, seen)
         SELECT 'main.planted-' || i, ${columns}, seen + 1000 FROM sessions, n WHERE id = ?`,
      )
      .run(count, like)
    database.close()
  }
}

test(
  'ten thousand sessions of one principal end none of another’s, nor its process',
  { timeout: 120_000 },
  async () => {
    const tenant = await gateway.tenant()
    tenant.host.script = { answer: answerAsLegacy }
    const { greedy, modest } = await principals(tenant)
    const client = await initialize(modest)
    const catalog = { ...greedy, url: greedy.url.replace(`/${SERVER}`, '') }
    const { sessionId } = await initialize(catalog)
    await tenant.evict()
    plant(gateway.storage, sessionId, MAX_SESSIONS)
    await client.call('before')
    const before = tenant.host.requests('tools/call').at(-1)?.channel

    await times(MAX_LIVE + EXPIRE_EVERY, () => sendInitialize(catalog))

    expect((await client.call('after')).status).toBe(200)
    expect(tenant.host.requests('tools/call').at(-1)?.channel).toBe(before)
    const rows = await gateway.rows('sessions')
    expect(rows.length).toBeLessThan(MAX_SESSIONS + EXPIRE_EVERY)
    expect(rows.some(({ id }) => id === client.sessionId)).toBe(true)
  },
)

test('more questions than may wait for their clients leave another principal’s waiting', async () => {
  const tenant = await gateway.tenant({ maxProcesses: MAX_PARKED + 2 })
  const { host } = tenant
  host.script = {
    answer: (request, channel) => {
      if (request.method !== 'tools/call') return answerAsLegacy(request)
      host.ask(channel, `of-${channel}`, 'elicitation/create', { message: 'Go on?' })
      return undefined
    },
  }
  const { greedy, modest } = await principals(tenant)
  const capabilities = { elicitation: {} }
  const client = new ModernClient(modest, capabilities)

  const { result } = (await client.call('asks')).message
  const [asking] = host.requests('tools/call')
  await times(MAX_PARKED + 1, () => new ModernClient(greedy, capabilities).call('asks'))
  const [name = ''] = Object.keys(result?.inputRequests as object)
  const retry = client.call(
    'asks',
    {},
    {},
    {
      requestState: result?.requestState,
      inputResponses: { [name]: { action: 'accept', content: {} } },
    },
  )
  await host.until(() => host.answers(`of-${asking?.channel}`).length === 1, 'answer')
  host.respond(asking?.channel ?? 0, Number(asking?.request.id), { content: [] })

  expect((await retry).message.result).toMatchObject({ content: [] })
})

describe('listening', () => {
  test.each(['a server', 'the catalog'])(
    'a principal that takes every stream of %s leaves one to another, and its own oldest ends',
    { timeout: 120_000 },
    async (what) => {
      const tenant = await gateway.tenant()
      tenant.host.script = { answer: answerAsLegacy }
      const { greedy, modest } = await principals(tenant)
      const at = ({ token, url }: Target): Target => ({
        token,
        url: what === 'a server' ? url : url.replace(`/${SERVER}`, ''),
      })
      const listen = async (target: Target, id: string) => {
        const stream = await new ModernClient(at(target)).listen({ toolsListChanged: true }, id)
        const first = await stream.message()
        return { stream, first }
      }

      const first = await listen(greedy, 'first')
      const others = await times(MAX_LISTENERS - 1, (nth) => listen(greedy, `of-${nth}`))
      const notifications = { toolsListChanged: true }
      const refused = await new ModernClient(at(greedy)).request('subscriptions/listen', {
        notifications,
      })
      const modestly = await listen(modest, 'modest')

      expect(refused.message.error?.data).toMatchObject({ code: 'server_busy' })
      expect(modestly.first.method).toBe('notifications/subscriptions/acknowledged')
      expect((await first.stream.message()).id).toBe('first')
      for (const { stream } of [...others, modestly]) stream.disconnect()
    },
  )
})
