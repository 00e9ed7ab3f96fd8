/** How the catalog is configured: names, what is shown of a server, and that a change is seen at once. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, type Answer, type LegacyClient } from '#test/support/http-client.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const ECHO = 'tells-arguments'
const servers = { one: fixture(ECHO), two: fixture(ECHO), three: fixture('exits-in-call') }
let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({ servers })
})

afterAll(() => gateway?.stop())

const connect = (): Promise<LegacyClient> =>
  initialize({ url: `${gateway.url}/mcp`, token: gateway.token })

function toolsOf({ message }: Answer): { name: string; inputSchema: object }[] {
  return (message.result as { tools: { name: string; inputSchema: object }[] }).tools
}

const namesOf = (answer: Answer): string[] => toolsOf(answer).map(({ name }) => name)

function textOf({ message }: Answer): unknown {
  const { content } = message.result as { content: { text: string }[] }
  return JSON.parse(content[0]?.text ?? 'null')
}

test('names by conflict, by priority, and with another separator', async () => {
  const session = await connect()
  const after = async (settings: object) => {
    await gateway.admin('PUT', 'catalog', settings)
    return namesOf(await session.request('tools/list'))
  }

  expect(await after({ naming: 'conflict' })).toEqual(['exit', 'one__tell', 'pid', 'two__tell'])
  expect(await after({ naming: 'priority', priority: ['two'] })).toEqual([
    'exit',
    'one__tell',
    'pid',
    'tell',
  ])
  expect(textOf(await session.call('tell', { a: 1 }))).toEqual({ a: 1 })
  expect(await after({ separator: '-' })).toEqual([
    'one-tell',
    'three-exit',
    'three-pid',
    'two-tell',
  ])
  expect(await after({})).toContain('one__tell')
})

test('pages have as many entries as is said, and each entry once', async () => {
  await gateway.admin('PUT', 'catalog', { pageSize: 3 })
  const session = await connect()
  const first = await session.request('tools/list')
  const { nextCursor: cursor } = first.message.result ?? {}
  const second = await session.request('tools/list', { cursor })

  expect(namesOf(first)).toHaveLength(3)
  expect(namesOf(second)).toEqual(['two__tell'])
  expect(second.message.result).not.toHaveProperty('nextCursor')
  expect((await session.request('tools/list', { cursor: '!' })).message.error?.code).toBe(-32602)
  await gateway.admin('PUT', 'catalog', {})
})

test('a server shows what its configuration says, under the names that it says', async () => {
  const session = await connect()
  await gateway.putServers({
    ...servers,
    one: {
      ...servers.one,
      catalog: {
        tools: {
          overrides: {
            tell: {
              name: 'say',
              description: 'Says it',
              arguments: { fixed: { who: 'us' }, defaults: { tone: 'kind' } },
            },
          },
        },
      },
    },
    two: { ...servers.two, catalog: { isListed: false } },
    three: { ...servers.three, catalog: { tools: { deny: ['ex*'] } } },
  })

  expect(namesOf(await session.request('tools/list'))).toEqual(['one__say', 'three__pid'])
  const said = await session.call('one__say', { who: 'them', more: true })
  expect(textOf(said)).toEqual({ who: 'us', tone: 'kind', more: true })
  expect((await session.call('one__tell')).message.error?.code).toBe(-32602)
  expect((await session.call('three__exit')).message.error?.code).toBe(-32602)
  expect((await session.call('two__tell')).message.error?.code).toBe(-32602)
  await gateway.putServers(servers)
})

test('a session that listens is told once of a server that came, and can call it', async () => {
  const session = await connect()
  await session.request('tools/list')
  const stream = await session.stream()

  await gateway.putServers({ ...servers, four: fixture('exits-in-call') })

  await stream.message(({ method }) => method === 'notifications/tools/list_changed')
  expect(namesOf(await session.request('tools/list'))).toContain('four__pid')
  expect((await session.call('four__pid')).message.result).toBeDefined()
  const told = stream.messages.filter(({ method }) => method === 'notifications/tools/list_changed')
  expect(told).toHaveLength(1)
  stream.disconnect()
  await gateway.putServers(servers)
})
