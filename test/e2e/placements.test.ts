/** Servers of one tenant in several placements, with real processes: one session, and each of its legs by itself. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool, type Target } from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'

let gateway: Gateway
let catalog: Target

const farAt = (placement: string) => fixture('exits-in-call', { placement })
const SERVERS = { near: fixture('exits-in-call'), far: farAt('own') }

beforeAll(async () => {
  gateway = await startGateway({ servers: SERVERS })
  catalog = { url: `${gateway.url}/mcp`, token: gateway.token }
})

afterAll(() => gateway?.stop())

beforeEach(() => gateway.putServers(SERVERS))

/** Of the process that answers a session for each server. */
async function begin() {
  const client = await initialize(catalog)
  const pidOf = async (server: string): Promise<number> => {
    return readTool(await client.call(`${server}__pid`)) as number
  }
  return { client, pidOf, near: await pidOf('near'), far: await pidOf('far') }
}

test('a process that dies takes its own leg with it, and the next call brings it back', async () => {
  const { pidOf, near, far } = await begin()

  process.kill(far, 'SIGKILL')
  // This one may have been on its way to it.
  await pidOf('far').catch(() => undefined)

  expect(await pidOf('far')).not.toBe(far)
  expect(await pidOf('near')).toBe(near)
})

test('an object that goes loses no process of either', async () => {
  const { pidOf, near, far } = await begin()

  await gateway.evictServerHost()

  expect([await pidOf('near'), await pidOf('far')]).toEqual([near, far])
})

test('a host program that is killed costs processes, and no session', async () => {
  const { pidOf, near, far } = await begin()

  await gateway.killHostProgram()

  expect(await pidOf('near')).not.toBe(near)
  expect(await pidOf('far')).not.toBe(far)
})

test('clients of both eras see and call all of them, at /mcp and by name', async () => {
  const modern = new ModernClient(catalog)
  const { message } = await modern.request('tools/list')
  const names = (message.result as { tools: { name: string }[] }).tools.map(({ name }) => name)
  expect(names).toEqual(['far__exit', 'far__pid', 'near__exit', 'near__pid'])

  const session = await initialize(targetOf(gateway, 'far'))
  for (const called of [
    modern.call('far__pid'),
    modern.call('near__pid'),
    new ModernClient(targetOf(gateway, 'far')).call('pid'),
    session.call('pid'),
  ]) {
    expect(readTool(await called)).toBeGreaterThan(0)
  }
  const { servers } = await gateway.admin<{ servers: object[] }>('GET', 'status')
  expect(servers).toMatchObject([
    { name: 'near', placement: 'main' },
    { name: 'far', placement: 'own' },
  ])
})

test('a route fails over from one to another', async () => {
  const route = { name: 'either', match: { tools: ['near__pid'] }, servers: ['broken', 'far'] }
  await gateway.putServers({ ...SERVERS, broken: fixture('exits-at-once') })
  await gateway.admin('PUT', 'routes', { routes: [route] })
  try {
    const { near, far } = await begin()
    expect(near).toBe(far)
  } finally {
    await gateway.admin('PUT', 'routes', { routes: [] })
  }
})

test('a server that moves begins anew there; its sessions go on, and are not told of the same tools', async () => {
  const { client, pidOf, near, far } = await begin()
  const stream = await client.stream()

  await gateway.putServers({ ...SERVERS, far: farAt('main') })

  const moved = await pidOf('far')
  expect(moved).not.toBe(far)
  expect(await pidOf('near')).toBe(near)
  await waitUntil(() => !isAlive(far), 'the former process lives on')
  // A stream ends with its session, after all that was told.
  await client.delete()
  expect((await stream.rest()).map(({ method }) => method)).toEqual([])
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
