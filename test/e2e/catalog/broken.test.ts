/**
 * One server hangs, one does not start, one dies in a call, one floods and one changes its tools: the
 * others do not notice, and what is missing is said.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import {
  initialize,
  ModernClient,
  type Answer,
  type LegacyClient,
  type Target,
} from '#test/support/http-client.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const LIST_TIMEOUT_MS = 1_500
/** Beyond the deadline of the slowest server: what the list itself may take. */
const SLACK_MS = 1_500

/** Alone it is some 2 ms; behind 16 MiB of a flood it would be more than 150. */
const MEDIAN_BESIDE_FLOOD_MS = 25

let gateway: Gateway
let folder: string
let target: Target
const TOOLS = () => join(folder, 'tools.json')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-broken-'))
  await writeFile(TOOLS(), '["first"]')
  gateway = await startGateway({
    warm: false,
    servers: {
      fine: fixture('exits-in-call'),
      hangs: fixture('never-answers', { timeoutMs: { call: 60_000, start: 20_000 } }),
      stillborn: fixture('exits-at-once'),
      dies: fixture('exits-in-call'),
      floods: fixture('floods-client'),
      changes: fixture('tools-of-file', { env: { TOOLS: TOOLS() } }),
    },
  })
  await gateway.admin('PUT', 'catalog', { listTimeoutMs: LIST_TIMEOUT_MS })
  target = { url: `${gateway.url}/mcp`, token: gateway.token }
})

beforeEach(() => writeFile(TOOLS(), '["first"]'))

afterAll(async () => {
  await gateway?.stop()
  await rm(folder, { recursive: true, force: true })
})

function namesOf({ message }: Answer): string[] {
  const { tools = [] } = (message.result ?? {}) as { tools?: { name: string }[] }
  return tools.map(({ name }) => name)
}

function numberOf({ message }: Answer): number {
  const { content = [] } = (message.result ?? {}) as { content?: { text: string }[] }
  return Number(content[0]?.text)
}

/** How many notifications the flooding process has sent. */
async function sentBy(session: LegacyClient): Promise<number> {
  return numberOf(await session.call('floods__sent'))
}

function missingOf({ message }: Answer): Record<string, string> {
  const meta = (message.result?._meta ?? {}) as Record<string, unknown>
  const missing = (meta['hearth/missing'] ?? []) as { server: string; code: string }[]
  return Object.fromEntries(missing.map(({ server, code }) => [server, code]))
}

test('the list comes within its deadline with all that is well, and says what is missing', async () => {
  const client = new ModernClient(target)
  const begun = performance.now()

  const answer = await client.request('tools/list')

  expect(performance.now() - begun).toBeLessThan(LIST_TIMEOUT_MS + SLACK_MS)
  expect(namesOf(answer)).toContain('fine__pid')
  expect(namesOf(answer)).toContain('changes__first')
  expect(missingOf(answer)).toEqual({ hangs: 'list_timeout', stillborn: 'server_start_failed' })
})

test('the next list waits for nobody who was waited for already', async () => {
  const session = await initialize(target)
  await session.request('tools/list')
  const begun = performance.now()

  const answer = await session.request('tools/list')

  expect(namesOf(answer)).toContain('fine__pid')
  expect(performance.now() - begun).toBeLessThan(LIST_TIMEOUT_MS / 3)
})

test('a session keeps its other servers when the process of one dies in a call', async () => {
  const session = await initialize(target)
  const before = await session.call('fine__pid')

  const died = await session.call('dies__exit')
  const answer = await session.call('fine__pid')

  expect(died.message.error?.data?.code).toBe('server_exited')
  expect(numberOf(answer)).toBe(numberOf(before))
})

test('beside a server that floods without a pause the others are as quick as ever', async () => {
  const session = await initialize(target)
  await session.call('fine__pid')
  onTestFinished(async () => void (await session.delete()))
  // Far more than is taken while the others are asked; the process ends with its session.
  await session.call('floods__flood', { count: 1_000_000 })
  const times: number[] = []

  for (const end = performance.now() + 10_000; times.length < 200;) {
    const begun = performance.now()
    if (begun > end) break
    await session.call('fine__pid')
    times.push(performance.now() - begun)
  }

  const before = await sentBy(session)
  expect(await sentBy(session)).toBeGreaterThan(before)
  expect(times.toSorted((a, b) => a - b)[times.length >> 1]).toBeLessThan(MEDIAN_BESIDE_FLOOD_MS)
})

test('a change of a server’s tools is told once to each session, and listed', async () => {
  const session = await initialize(target)
  await session.request('tools/list')
  const stream = await session.stream()
  const modern = new ModernClient(target)
  const listening = await modern.listen({ toolsListChanged: true }, 'changes')
  await listening.next()

  await writeFile(TOOLS(), '["first","second"]')

  const told = 'notifications/tools/list_changed'
  await stream.message(({ method }) => method === told)
  await listening.message(({ method }) => method === told)
  expect(namesOf(await session.request('tools/list'))).toContain('changes__second')
  expect(namesOf(await modern.request('tools/list'))).toContain('changes__second')
  const count = (messages: { method?: string }[]) =>
    messages.filter(({ method }) => method === told).length
  expect(count(stream.messages)).toBe(1)
  expect(count(listening.messages)).toBe(1)
  stream.disconnect()
  listening.disconnect()
})

test('what one session’s process reveals is listed to that session alone', async () => {
  const session = await initialize(target)
  const other = await initialize(target)
  const stream = await session.stream()
  await other.call('changes__first')

  await session.call('changes__reveal')

  await stream.message(({ method }) => method === 'notifications/tools/list_changed')
  expect(namesOf(await session.request('tools/list'))).toContain('changes__hidden')
  expect(namesOf(await other.request('tools/list'))).not.toContain('changes__hidden')
  expect((await session.call('changes__hidden')).message.result).toBeDefined()
  stream.disconnect()
})

test('a session of the catalog outlives the object, and each leg its process', async () => {
  const session = await initialize(target)
  const before = await session.call('fine__pid')
  await gateway.evictServerHost()

  const kept = await session.call('fine__pid')
  await gateway.killHostProgram()
  const anew = await session.call('fine__pid')

  expect(numberOf(kept)).toBe(numberOf(before))
  expect(numberOf(anew)).toBeGreaterThan(0)
  expect(numberOf(anew)).not.toBe(numberOf(before))
})

test('a deleted session is gone, with its processes', async () => {
  const session = await initialize(target)
  await session.call('fine__pid')

  await session.delete()

  expect((await session.call('fine__pid')).status).toBe(404)
})
