/**
 * An idle client of one server's own URL is told that a list has changed when a new configuration, or an
 * approval, shows it another one, and once; whatever becomes of processes and objects meanwhile.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { EventReader, Message } from '#test/support/event-reader.ts'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, type Target } from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'
import { connectSSE } from '#test/support/sse-client.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const folder = mkdtempSync(join(tmpdir(), 'hearth-told-alone-'))
const file = (name: string, tools: string[]): string => {
  const path = join(folder, `${name}.json`)
  writeFileSync(path, JSON.stringify(tools))
  return path
}
const ONE = { TOOLS: file('one', ['first']) }
const TWO = { TOOLS: file('two', ['first', 'second']) }
const RESOURCES = join(folder, 'resources.json')
const CHANGED = 'notifications/tools/list_changed'
const MARK = 'notifications/resources/list_changed'
const KINDS = ['own', 'shared', 'modern', 'unlisted'] as const
const servers = {
  own: fixture('tools-of-file', { env: ONE }),
  shared: fixture('tools-of-file', { env: ONE, sharing: 'shared' }),
  modern: fixture('tools-of-file-modern', { env: ONE }),
  unlisted: fixture('tools-of-file', { env: ONE, catalog: { isListed: false } }),
  capable: fixture('offers-by-capability', { env: { EARNS: 'sampling' } }),
  marks: fixture('resources-of-file', { env: { RESOURCES } }),
}
let gateway: Gateway
let configured: Parameters<Gateway['putServers']>[0] = servers
let marks = 0
let marking: EventReader

beforeAll(async () => {
  writeFileSync(RESOURCES, '[]')
  gateway = await startGateway({ servers })
  marking = await listenToMarks()
})
afterAll(async () => {
  marking?.disconnect()
  await gateway?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const at = (path: string, token = gateway.token): Target => ({
  url: `${gateway.url}/${path}`,
  token,
})

async function listenToMarks(): Promise<EventReader> {
  const modern = new ModernClient(at('mcp'), {}, 'marking')
  // What says that they change is a process of the server.
  await new ModernClient(at('mcp/marks'), {}, 'marking').request('resources/list')
  await modern.request('resources/list')
  const stream = await modern.listen({ resourcesListChanged: true }, 'marks')
  await stream.next()
  return stream
}

/** Resolves when all that was to be told before is told: this is, by the same announcer. */
async function settle(): Promise<void> {
  // A server is asked again a second after it was, if it says so: two marks are as far apart.
  for (const _ of [1, 2]) {
    writeFileSync(RESOURCES, JSON.stringify([`mark://${++marks}`]))
    await marking.message(({ method }) => method === MARK)
  }
}

async function configure(change: Partial<typeof servers>): Promise<void> {
  configured = { ...configured, ...change }
  await gateway.putServers(configured)
}

interface Idle {
  /** How often each was told so far: a session, a listener, a client over HTTP+SSE. */
  told: () => Promise<number[]>
  call: (tool: string) => Promise<unknown>
  leave: () => void
}

async function listenIdly(server: string, token = gateway.token, capabilities = {}): Promise<Idle> {
  const session = await initialize(at(`mcp/${server}`, token), capabilities)
  const modern = new ModernClient(at(`mcp/${server}`, token), capabilities)
  const sse = await connectSSE(at(`sse/${server}`, token), capabilities)
  for (const client of [session, modern, sse]) await client.request('tools/list')
  const streams = [await session.stream(), await modern.listen({ toolsListChanged: true }, 'idle')]
  await streams[1]?.next()
  for (const stream of streams) drain(stream)
  await settle()
  const isIt = ({ method }: Message): boolean => method === CHANGED
  const count = ({ messages }: { messages: Message[] }): number => messages.filter(isIt).length
  return {
    told: async () => {
      await settle()
      return [...streams, sse].map(count)
    },
    call: (tool) => session.call(tool),
    leave: () => {
      for (const stream of streams) stream.disconnect()
      sse.leave()
    },
  }
}

/** Reads what comes until it ends. */
function drain(stream: EventReader): void {
  const read = async (): Promise<void> => {
    while ((await stream.next(600_000)) !== undefined);
  }
  read().catch(() => undefined)
}

test.each(KINDS)(
  'a configuration that lists the same is not told, another one once: %s',
  async (name) => {
    const idle = await listenIdly(name)
    await configure({ [name]: { ...servers[name], env: { ...ONE, ANEW: '1' } } })
    expect(await idle.told()).toEqual([0, 0, 0])
    await configure({ [name]: { ...servers[name], env: { ...ONE, ANEW: '1' }, timeoutMs: 50_000 } })
    expect(await idle.told()).toEqual([0, 0, 0])

    await configure({ [name]: { ...servers[name], env: TWO } })
    expect(await idle.told()).toEqual([1, 1, 1])

    // Nobody has listed since.
    await configure({ [name]: servers[name] })
    expect(await idle.told()).toEqual([2, 2, 2])
    idle.leave()
  },
)

test('one that may not see what has changed is not told', async () => {
  const { token } = await gateway.admin<{ token: string }>('POST', 'tokens', {
    name: 'the first tool',
    grants: { scopes: ['tools:call:own/first'] },
  })
  const [idle, other] = [await listenIdly('own', token), await listenIdly('own')]

  await configure({ own: { ...servers.own, env: TWO } })

  expect(await other.told()).toEqual([1, 1, 1])
  expect(await idle.told()).toEqual([0, 0, 0])
  for (const { leave } of [idle, other]) leave()
  await configure({ own: servers.own })
})

test('what a server lists for some capabilities is compared with what it lists for these', async () => {
  const [idle, plain] = [
    await listenIdly('capable', gateway.token, { sampling: {} }),
    await listenIdly('capable'),
  ]
  await configure({ capable: { ...servers.capable, env: { EARNS: 'sampling', ANEW: '1' } } })
  expect(await idle.told()).toEqual([0, 0, 0])

  await configure({ capable: { ...servers.capable, env: { EARNS: 'never' } } })
  expect(await idle.told()).toEqual([1, 1, 1])
  expect(await plain.told()).toEqual([0, 0, 0])
  for (const { leave } of [idle, plain]) leave()
  await configure({ capable: servers.capable })
})

test('a tool that its own process alone has is missed when that is another one', async () => {
  const session = await initialize(at('mcp/own'))
  const stream = await session.stream()
  await session.request('tools/list')
  await session.call('reveal')
  await stream.message(({ method }) => method === CHANGED)
  await session.request('tools/list')

  await configure({ own: { ...servers.own, env: { ...ONE, ANEW: '2' } } })

  await stream.message(({ method }) => method === CHANGED)
  await settle()
  expect(stream.messages.filter(({ method }) => method === CHANGED)).toHaveLength(2)
  stream.disconnect()
  await configure({ own: servers.own })
})

test.each(['own', 'shared', 'modern'] as const)(
  'a process that ended is not told of: %s',
  async (name) => {
    const idle = await listenIdly(name)
    await idle.call('die')
    await idle.call('first')
    expect(await idle.told()).toEqual([0, 0, 0])
    idle.leave()
  },
)

test('an object that was lost tells of nothing that is as it was', async () => {
  const session = await initialize(at('mcp/own'))
  await session.request('tools/list')
  const before = await session.stream()
  await gateway.evictServerHost()
  await before.rest().catch(() => undefined)
  expect((await session.call('first')).status).toBe(200)
  marking = await listenToMarks()
  const stream = await session.stream()
  drain(stream)
  await configure({ own: { ...servers.own, env: { ...ONE, ANEW: '3' } } })
  await settle()
  expect(stream.messages).toEqual([])

  await configure({ own: { ...servers.own, env: TWO } })
  await waitUntil(() => stream.messages.length > 0, 'it was not told')
  await settle()
  expect(stream.messages.map(({ method }) => method)).toEqual([CHANGED])
  stream.disconnect()
  await configure({ own: servers.own })
})
