/** How long a first list waits for servers that do not come up, and how a client learns of them later. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, type Answer } from '#test/support/http-client.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** The default of `listTimeoutMs`. */
const FIRST_LIST_MS = 1_500
/** Beyond it: what the rest of a list takes on a busy machine. */
const SLACK_MS = 1_000
const AT_ONCE_MS = 1_000

const folder = mkdtempSync(join(tmpdir(), 'hearth-first-list-'))
const GATE = join(folder, 'gate')
const LONG = { timeoutMs: { call: 60_000, start: 50_000 } }
const servers = {
  fine: fixture('exits-in-call'),
  hangs: fixture('never-answers', LONG),
  late: fixture('begins-when-told', { env: { GATE }, ...LONG }),
}
const CHANGED = 'notifications/tools/list_changed'
let gateway: Gateway

const start = () => startGateway({ servers, dataFolder: join(folder, 'data'), warm: false })
const target = () => ({ url: `${gateway.url}/mcp`, token: gateway.token })

beforeAll(async () => {
  gateway = await start()
})
afterAll(async () => {
  await gateway?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const namesOf = ({ message }: Answer): string[] =>
  ((message.result?.tools ?? []) as { name: string }[]).map(({ name }) => name)

function missingOf({ message }: Answer): string[] {
  const meta = (message.result?._meta ?? {}) as Record<string, unknown>
  return ((meta['hearth/missing'] ?? []) as { server: string }[]).map(({ server }) => server)
}

async function timed<T>(promise: Promise<T>): Promise<[T, number]> {
  const begun = performance.now()
  return [await promise, performance.now() - begun]
}

test('has the tools of a server that was started before anyone asked', async () => {
  const early = await startGateway({ servers: { fine: servers.fine }, warm: false })
  await early.admin('POST', 'warm?lists=true')
  const tools = async () => {
    const status = (await early.admin('GET', 'status')) as { servers: { lists: object }[] }
    return status.servers[0]?.lists
  }

  await expect.poll(tools, { timeout: 10_000 }).toHaveProperty('tools')
  await early.stop()
})

test('waits a second and a half for what never answers, whatever is listed, and then no more', async () => {
  const session = await initialize(target())
  // Its process is there: what is measured is the wait for the others.
  await session.call('fine__pid')

  const [tools, first] = await timed(session.request('tools/list'))
  const [, second] = await timed(session.request('prompts/list'))
  const other = new ModernClient(target(), { elicitation: {} })
  const [resources, third] = await timed(other.request('resources/list'))

  expect(namesOf(tools)).toContain('fine__pid')
  expect(missingOf(tools)).toEqual(['hangs', 'late'])
  expect(missingOf(resources)).toEqual(['hangs', 'late'])
  expect(first).toBeLessThan(FIRST_LIST_MS + SLACK_MS)
  expect(second).toBeLessThan(AT_ONCE_MS)
  expect(third).toBeLessThan(AT_ONCE_MS)
})

test('does not wait after a restart for what was waited for before it', async () => {
  await gateway.stop()
  gateway = await start()
  const session = await initialize(target())

  const [tools, took] = await timed(session.request('tools/list'))

  expect(namesOf(tools)).toContain('fine__pid')
  expect(missingOf(tools)).toEqual(['hangs', 'late'])
  expect(took).toBeLessThan(AT_ONCE_MS)
})

test('sessions and listeners are told once when a server comes that was missing', async () => {
  const session = await initialize(target())
  const stream = await session.stream()
  const modern = new ModernClient(target())
  const listening = await modern.listen({ toolsListChanged: true }, 'late')
  await listening.next()
  expect(missingOf(await session.request('tools/list'))).toContain('late')

  writeFileSync(GATE, '')

  await stream.message(({ method }) => method === CHANGED)
  await listening.message(({ method }) => method === CHANGED)
  expect(namesOf(await session.request('tools/list'))).toContain('late__tell')
  expect(namesOf(await modern.request('tools/list'))).toContain('late__tell')
  const told = [stream, listening].map(({ messages }) => {
    return messages.filter(({ method }) => method === CHANGED).length
  })
  expect(told).toEqual([1, 1])
  stream.disconnect()
  listening.disconnect()
})

test('waits for a server again that is configured anew', async () => {
  const { fine, hangs } = servers
  // It is slow, too, but for less than a list waits.
  const late = fixture('begins-when-told', { env: { GATE, AGAIN: '1' }, ...LONG })
  await gateway.putServers({ fine, hangs, late })
  const session = await initialize(target())

  const tools = await session.request('tools/list')

  expect(namesOf(tools)).toContain('late__tell')
  expect(missingOf(tools)).toEqual(['hangs'])
})
