/** Lists of servers that rest: what is known is answered, and no process is started for it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool } from '#test/support/http-client.ts'
import { childrenOf, waitUntil } from '#test/support/processes.ts'

const NAMES = ['one', 'two', 'three']
/** An idle process of Hearth's own is ended after 10 s, and is looked for as often. */
const RESTS_MS = 30_000

let gateway: Gateway

beforeAll(async () => {
  const { warm: _, ...adaptive } = fixture('tells-version')
  const { warm: __, ...modern } = fixture('counts-calls-modern')
  const legacy = NAMES.map((name) => [name, { ...adaptive, env: { VERSION: name } }])
  gateway = await startGateway({ servers: { ...Object.fromEntries(legacy), modern } })
  await gateway.admin('PUT', 'catalog', { listTtlMs: 1 })
})

afterAll(() => gateway?.stop())

const live = (): number => childrenOf(gateway.hostProgramPid, 'tells-version').length
const liveModern = (): number => childrenOf(gateway.hostProgramPid, 'counts-calls-modern').length

async function list(): Promise<number> {
  const client = new ModernClient({ url: `${gateway.url}/mcp`, token: gateway.token })
  const { message } = await client.request('tools/list')
  return (message.result as { tools: object[] }).tools.length
}

test('to list a modern server one process is started, and no spare', async () => {
  await list()

  await waitUntil(() => liveModern() > 0, 'no process', RESTS_MS)
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect(liveModern()).toBe(1)
}, 60_000)

test('servers that nobody uses have no process, and are listed as they were', async () => {
  const tools = await list()
  await waitUntil(async () => (await up()).length === 0, 'processes stay', RESTS_MS)

  expect(await list()).toBe(tools)

  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect(live()).toBe(0)
}, 60_000)

test('a call starts its server alone, whose lists are asked for again', async () => {
  const client = await initialize({ url: gateway.mcpURL('one'), token: gateway.token })
  expect(readTool(await client.call('who'))).toBeDefined()

  await list()

  expect(await up()).toEqual(['one'])
})

/** Which of them have a process, as their host program says. */
async function up(): Promise<string[]> {
  const { servers } = await gateway.admin<{ servers: Reported[] }>('GET', 'status')
  const running = servers.filter(({ processes = 0 }) => processes > 0)
  return running.map(({ name }) => name).filter((name) => NAMES.includes(name))
}

interface Reported {
  name: string
  processes?: number
}
