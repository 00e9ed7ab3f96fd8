/** A server that has one process, whoever calls: two of them at once do not work. */
import { once } from 'node:events'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool } from '#test/support/http-client.ts'
import { waitUntilGone } from '#test/support/processes.ts'
import { issue } from '../access/issue.ts'

interface Who {
  pid: number
  calls: number
}

let gateway: Gateway
let ports: string[]

const serverAt = (port = '', more: Record<string, string> = {}) =>
  fixture('binds-port', { env: { BOUND_PORT: port, ...more }, sharing: 'shared', warm: 1 })

const serversWith = (more: Record<string, string> = {}) => ({
  alone: serverAt(ports[0], more),
  both: serverAt(ports[1], { BOTH_ERAS: 'yes' }),
})

beforeAll(async () => {
  ports = await Promise.all([findPort(), findPort()])
  gateway = await startGateway({ servers: serversWith() })
})

afterAll(() => gateway?.stop())

async function findPort(): Promise<string> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: free } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return String(free)
}

/** Asks it in every way that there is, all at once. */
async function askAll(server = 'alone'): Promise<Who[]> {
  const own = targetOf(gateway, server)
  const catalog = { ...own, url: `${gateway.url}/mcp` }
  const other = await issue(gateway, { scopes: ['*'] })
  const sessions = await Promise.all([initialize(own), initialize(own), initialize(catalog)])
  const [one, two, all] = sessions
  const modern = new ModernClient(catalog)
  await modern.request('tools/list')
  const answers = await Promise.all([
    one.call('who'),
    two.call('who'),
    all.call(`${server}__who`),
    modern.call(`${server}__who`),
    new ModernClient(own).call('who'),
    new ModernClient(own, { sampling: {} }, 'other').call('who'),
    new ModernClient({ ...own, token: other.token }).call('who'),
  ])
  return answers.map((answer) => readTool<Who>(answer))
}

describe('a shared server', () => {
  test.each([
    ['of the legacy era', 'alone'],
    ['of both eras', 'both'],
  ])('%s has one process for sessions, other clients, and the catalog', async (_era, server) => {
    const told = await askAll(server)

    expect(new Set(told.map(({ pid }) => pid)).size).toBe(1)
    expect(told.map(({ calls }) => calls).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  test('gets another one when that is killed', async () => {
    const [before] = await askAll()
    process.kill(before?.pid ?? 0, 'SIGKILL')
    await waitUntilGone(before?.pid ?? 0)
    await new ModernClient(targetOf(gateway, 'alone')).request('tools/list')
    const told = await askAll()

    expect(new Set(told.map(({ pid }) => pid)).size).toBe(1)
    expect(told[0]?.pid).not.toBe(before?.pid)
  })

  test('starts as it is configured anew when the former one has ended, and not before', async () => {
    const session = await initialize(targetOf(gateway, 'alone'))
    const running = session.call('wait', { ms: 1_000 })
    const { pid } = readTool<Who>(await session.call('who'))
    await gateway.putServers(serversWith({ CHANGED: 'yes' }))
    const next = await askAll()

    expect(readTool<Who>(await running).pid).toBe(pid)
    expect(new Set(next.map((who) => who.pid)).size).toBe(1)
    expect(next[0]?.pid).not.toBe(pid)
  })
})
