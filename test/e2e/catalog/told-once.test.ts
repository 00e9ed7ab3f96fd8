/** An idle client of the catalog is told that a list has changed when it has for this client, and once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { EventReader } from '#test/support/event-reader.ts'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, type LegacyClient } from '#test/support/http-client.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const folder = mkdtempSync(join(tmpdir(), 'hearth-told-once-'))
const [TOOLS, OTHER_TOOLS] = [join(folder, 'tools.json'), join(folder, 'other-tools.json')]
const RESOURCES = join(folder, 'resources.json')
const servers = {
  changes: fixture('tools-of-file', { env: { TOOLS } }),
  other: fixture('tools-of-file', { env: { TOOLS: OTHER_TOOLS } }),
  restless: fixture('announces-when-listed'),
  says: fixture('changes-lists'),
  marks: fixture('resources-of-file', { env: { RESOURCES } }),
}
const ALL = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }
let gateway: Gateway
let names = 0

beforeAll(async () => {
  writeFileSync(RESOURCES, '[]')
  for (const file of [TOOLS, OTHER_TOOLS]) writeFileSync(file, '["first"]')
  gateway = await startGateway({ servers })
})
afterAll(async () => {
  await gateway?.stop()
  rmSync(folder, { recursive: true, force: true })
})
// What a former test left is known before the next one listens.
beforeEach(() => new ModernClient(target()).request('tools/list'))

const target = (query = '') => ({ url: `${gateway.url}/mcp${query}`, token: gateway.token })

interface Idle {
  session: LegacyClient
  streams: EventReader[]
  /** What each was told of tools and prompts so far; nothing more is under way. */
  told: () => Promise<(string | undefined)[][]>
  leave: () => void
}

/** A session and a listener that have listed everything, and do nothing more. */
async function listenIdly({ token = gateway.token, query = '' } = {}): Promise<Idle> {
  const at = { ...target(query), token }
  const session = await initialize(at)
  const modern = new ModernClient(at)
  for (const list of ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']) {
    await session.request(list)
    await modern.request(list)
  }
  const streams = [await session.stream(), await modern.listen(ALL, 'idle')]
  await streams[1]?.next()
  const told = async () => {
    // A server is asked again a second after it was, if it says so: two marks are as far apart.
    for (const _ of [1, 2]) await mark(streams)
    return streams.map(({ messages }) => {
      const methods = messages.map(({ method }) => method)
      return methods.filter((method) => method?.endsWith('list_changed') && method !== MARK)
    })
  }
  return { session, streams, told, leave: () => streams.forEach((one) => one.disconnect()) }
}

const MARK = 'notifications/resources/list_changed'
const ONCE = ['notifications/tools/list_changed']

/** What comes after all that was told before. */
async function mark(streams: readonly EventReader[]): Promise<void> {
  writeFileSync(RESOURCES, JSON.stringify([`mark://${++names}`]))
  for (const stream of streams) await stream.message(({ method }) => method === MARK)
}

/** Resolves when the catalog shows what the file says. */
async function change(file: string, query = ''): Promise<void> {
  const name = `more${++names}`
  writeFileSync(file, JSON.stringify(['first', name]))
  const modern = new ModernClient(target(query))
  await vi.waitFor(async () => {
    const { message } = await modern.request('tools/list')
    expect(JSON.stringify(message)).toContain(name)
  }, 10_000)
}

test('another client that lists and calls is not heard of', async () => {
  const idle = await listenIdly()
  for (const capabilities of [{}, { elicitation: {} }, { sampling: {} }]) {
    const busy = await initialize(target(), capabilities)
    for (const tool of ['restless__tell', 'says__change', 'says__change', 'changes__first']) {
      await busy.call(tool)
      await busy.request('tools/list')
      await busy.request('prompts/list')
      await busy.request('resources/list')
    }
    await busy.delete()
  }
  expect(await idle.told()).toEqual([[], []])

  await change(TOOLS)

  expect(await idle.told()).toEqual([ONCE, ONCE])
  idle.leave()
})

test('one that may not see what has changed is not told', async () => {
  const { token } = await gateway.admin<{ token: string }>('POST', 'tokens', {
    name: 'one server',
    grants: { scopes: ['tools:call:changes/*', 'resources:read:marks/*'] },
  })
  const [idle, other] = [await listenIdly({ token }), await listenIdly()]

  await change(OTHER_TOOLS)

  expect(await other.told()).toEqual([ONCE, ONCE])
  expect(await idle.told()).toEqual([[], []])
  for (const { leave } of [idle, other]) leave()
})

test('a configuration that lists the same is not told, one that lists otherwise once', async () => {
  const idle = await listenIdly()
  await gateway.putServers({ ...servers, says: { ...servers.says, env: { ANEW: '1' } } })
  await gateway.putServers({ ...servers, says: { ...servers.says, timeoutMs: 50_000 } })
  expect(await idle.told()).toEqual([[], []])

  await gateway.putServers({ ...servers, more: fixture('exits-in-call') })
  for (const stream of idle.streams) await stream.message(({ method }) => method === ONCE[0])
  expect(await idle.told()).toEqual([ONCE, ONCE])

  await gateway.putServers(servers)
  for (const stream of idle.streams) await stream.message(({ method }) => method === ONCE[0])
  expect(await idle.told()).toEqual([
    [...ONCE, ...ONCE],
    [...ONCE, ...ONCE],
  ])
  idle.leave()
})

test('a session that has a process of the server is told of a configuration as others are', async () => {
  const idle = await listenIdly()
  await idle.session.call('says__update', { uri: 'mark://0' })
  await idle.session.call('changes__first')
  const says = { ...servers.says, env: { ANEW: '2' } }
  await gateway.putServers({ ...servers, says })
  expect(await idle.told()).toEqual([[], []])

  const changes = { ...servers.changes, env: { TOOLS: OTHER_TOOLS } }
  await gateway.putServers({ ...servers, says, changes })
  for (const stream of idle.streams) await stream.message(({ method }) => method === ONCE[0])

  expect(await idle.told()).toEqual([ONCE, ONCE])
  idle.leave()
  await gateway.putServers(servers)
})

test('a client with lazy tools is told when there are other servers, and not of their tools', async () => {
  const lazy = await listenIdly({ query: '?tools=lazy' })
  await change(TOOLS)
  expect(await lazy.told()).toEqual([[], []])

  await gateway.putServers({ ...servers, more: fixture('exits-in-call') })
  for (const stream of lazy.streams) await stream.message(({ method }) => method === ONCE[0])

  expect(await lazy.told()).toEqual([ONCE, ONCE])
  lazy.leave()
  await gateway.putServers(servers)
})

test('a client that takes what is configured is told when that is lazy, and one that asks for it not', async () => {
  const [idle, lazy] = [await listenIdly(), await listenIdly({ query: '?tools=lazy' })]
  await gateway.admin('PUT', 'catalog', { tools: 'lazy' })
  expect(await idle.told()).toEqual([ONCE, ONCE])

  // It has seen the two of them, which stay.
  await idle.session.request('tools/list')
  await change(TOOLS, '?tools=all')
  expect(await idle.told()).toEqual([ONCE, ONCE])
  expect(await lazy.told()).toEqual([[], []])
  await gateway.admin('PUT', 'catalog', { tools: 'all' })
  for (const { leave } of [idle, lazy]) leave()
})
