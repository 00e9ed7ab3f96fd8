/** Lists of servers that rest: what is known is answered, and no process is started for it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool } from '#test/support/http-client.ts'
import { childrenOf, waitUntil } from '#test/support/processes.ts'

const NAMES = ['one', 'two', 'three']
const folder = mkdtempSync(join(tmpdir(), 'hearth-resting-'))
const TOOLS = join(folder, 'tools.json')
/** An idle process of Hearth's own is ended after 10 s, and is looked for as often. */
const RESTS_MS = 30_000

let gateway: Gateway

beforeAll(async () => {
  const { warm: _, ...adaptive } = fixture('tells-version')
  const { warm: __, ...modern } = fixture('counts-calls-modern')
  const legacy = NAMES.map((name) => [name, { ...adaptive, env: { VERSION: name } }])
  await writeFile(TOOLS, '["before"]')
  const { warm: ___, ...filed } = fixture('tools-of-file', { env: { TOOLS } })
  gateway = await startGateway({ servers: { ...Object.fromEntries(legacy), modern, filed } })
  await gateway.admin('PUT', 'catalog', { listTtlMs: 1 })
})

afterAll(async () => {
  await gateway?.stop()
  rmSync(folder, { recursive: true, force: true })
})

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
  await waitUntil(() => liveModern() === 0, 'the modern one stays', RESTS_MS)

  expect(await list()).toBe(tools)

  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect(live()).toBe(0)
}, 60_000)

test('a call starts its server alone', async () => {
  const client = await initialize({ url: gateway.mcpURL('one'), token: gateway.token })
  expect(readTool(await client.call('who'))).toBeDefined()

  await list()

  expect(await up()).toEqual(['one'])
})

test('what it lists by then is asked for again', async () => {
  await writeFile(TOOLS, '["before", "since"]')
  const known = await list()
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect(await list()).toBe(known)

  const client = await initialize({ url: gateway.mcpURL('filed'), token: gateway.token })
  await client.call('before')

  await waitUntil(async () => (await list()) === known + 1, 'the list is as it was', RESTS_MS)
}, 60_000)

/** Which of them have a process, as their host program says. */
async function up(): Promise<string[]> {
  const { servers } = await gateway.admin<{ servers: Reported[] }>('GET', 'status')
  const running = servers.filter(({ processes = 0 }) => processes > 0)
  return running.map(({ name }) => name).filter((name) => [...NAMES, 'filed'].includes(name))
}

interface Reported {
  name: string
  processes?: number
}
