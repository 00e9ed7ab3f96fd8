/** How many processes lists cost when clients of different capabilities ask for them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { ModernClient } from '#test/support/http-client.ts'
import { childrenOf } from '#test/support/processes.ts'

vi.setConfig({ testTimeout: 120_000 })

const folder = mkdtempSync(join(tmpdir(), 'hearth-list-processes-'))
const STARTS = join(folder, 'starts')
const FIXTURE = 'offers-by-capability'
const CLIENTS = [{}, { elicitation: {} }, { sampling: {} }]
/** A process that only read a list ends some seconds after it. */
const ENDS = { timeout: 30_000, interval: 100 }

let gateway: Gateway

afterEach(() => gateway.stop())
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const live = (): number => childrenOf(gateway.hostProgramPid, FIXTURE).length
const starts = (): number => readFileSync(STARTS, 'utf8').trim().split('\n').length

async function list(capabilities: object): Promise<string[]> {
  const client = new ModernClient({ url: `${gateway.url}/mcp`, token: gateway.token }, capabilities)
  const { message } = await client.request('tools/list')
  const { tools } = message.result as { tools: { name: string }[] }
  return tools.map(({ name }) => name)
}

test('three sets of capabilities leave one process for each of ten servers, and cost none again', async () => {
  const names = Array.from({ length: 10 }, (_, at) => `s${at}`)
  // Servers of one launch would share their lists.
  const serverOf = (name: string) => fixture(FIXTURE, { env: { STARTS, NAME: name } })
  const options = {
    servers: Object.fromEntries(names.map((name) => [name, serverOf(name)])),
    dataFolder: join(folder, 'alike'),
  }
  gateway = await startGateway(options)
  const all = names.map((name) => `${name}__always`)

  for (const capabilities of CLIENTS) expect(await list(capabilities)).toEqual(all)

  await vi.waitFor(() => expect(live()).toBe(10), ENDS)
  const before = starts()
  for (const capabilities of CLIENTS) expect(await list(capabilities)).toEqual(all)
  expect([live(), starts() - before]).toEqual([10, 0])

  await gateway.stop()
  gateway = await startGateway({ ...options, warm: false })
  const restarted = starts()
  for (const capabilities of CLIENTS) expect(await list(capabilities)).toEqual(all)
  expect(starts() - restarted).toBe(0)
})

test('a tool that a capability earns is shown to its clients alone, and their process ends', async () => {
  const servers = { earns: fixture(FIXTURE, { env: { EARNS: 'elicitation' } }) }
  gateway = await startGateway({ servers })
  const earned = ['earns__always', 'earns__asks']
  // A set that lists as the first one does tells nothing of the next one.
  expect(await list({})).toEqual(['earns__always'])
  expect(await list({ sampling: {} })).toEqual(['earns__always'])
  expect(await list({ elicitation: {} })).toEqual(earned)

  await vi.waitFor(() => expect(live()).toBe(1), ENDS)

  expect(await list({ elicitation: {} })).toEqual(earned)
  expect(await list({ sampling: {} })).toEqual(['earns__always'])
  expect(live()).toBe(1)
})
