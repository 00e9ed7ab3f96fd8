/** The gateway on real containers, through the real `Container` class and workerd. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectSession, type Session } from '#test/e2e/clients/session.ts'
import { readText } from '#test/e2e/clients/client.ts'
import { waitUntil } from '#test/support/processes.ts'
import {
  hostContainers,
  killContainer,
  listContainers,
  limitProcessor,
  requireEngine,
  terminateContainer,
  untilStopped,
  type HostContainer,
} from './docker.ts'
import { startWranglerDev, type WranglerDev } from './wrangler-dev.ts'

const SLEEP_AFTER_MS = 4_000
const START_MS = 480_000
const CALL_MS = 60_000
const INSTALL_MS = 180_000
const REMOVAL_MS = 30_000
const FIXTURE = join(import.meta.dirname, 'fixtures/waits-and-tells-its-host.mjs')

let gateway: WranglerDev
/** The fixture travels in the configuration: the image has nothing of the tests. */
let servers: Record<'fixture' | 'everything', { command: string; args: string[] }>

beforeAll(async () => {
  await requireEngine()
  const source = await readFile(FIXTURE, 'utf8')
  servers = {
    fixture: { command: 'node', args: ['--input-type=module', '--eval', source] },
    everything: {
      command: 'npx',
      args: ['-y', '@modelcontextprotocol/server-everything@2026.8.31'],
    },
  }
  gateway = await startWranglerDev({ SLEEP_AFTER: `${SLEEP_AFTER_MS / 1000}s` })
}, START_MS)

afterAll(() => gateway?.stop(), CALL_MS)

test(
  'an official server is installed in the container and serves a session',
  async () => {
    const tenant = await gateway.addTenant('npx', servers)
    const { client, close } = await open(tenant, 'everything')

    const { tools } = await client.listTools()
    const sum = await client.callTool({ name: 'get-sum', arguments: { a: 2, b: 40 } })

    expect(tools.map(({ name }) => name)).toContain('echo')
    expect(readText(sum)).toContain('42')
    await close()
  },
  INSTALL_MS,
)

test(
  'an idle container sleeps under an open stream, and the next call of the session wakes it',
  async () => {
    const session = await open(await gateway.addTenant('idle', servers), 'fixture')
    await session.listening
    const before = await where(session)

    await untilStopped(before.id, SLEEP_AFTER_MS + 20_000)
    const after = await where(session)

    expect(after.id).not.toBe(before.id)
    await session.close()
  },
  CALL_MS,
)

test(
  'the catalog is listed while the container sleeps, also to a new session, and a call wakes it',
  async () => {
    const { fixture } = servers
    const catalog = catalogOf(await gateway.addTenant('catalog', { fixture }))
    const session = await connectSession(catalog, {})
    const awake = await session.client.listTools()
    const before = await where(session, 'fixture__where')
    await untilStopped(before.id, SLEEP_AFTER_MS + 20_000)

    const other = await connectSession(catalog, {})
    const asleep = await other.client.listTools()

    expect(asleep.tools).toEqual(awake.tools)
    expect(asleep.tools.map(({ name }) => name)).toContain('fixture__where')
    const running = await hostContainers(gateway.worker)
    expect(running.map(({ hostname }) => hostname)).not.toContain(before.hostname)
    const after = await where(session, 'fixture__where')
    expect(after.id).not.toBe(before.id)
    await Promise.all([session.close(), other.close()])
  },
  CALL_MS,
)

test(
  'what a server in a container has printed is told, and asking wakes none that sleeps',
  async () => {
    const [flag = '', evaluate = '', source = ''] = servers.fixture.args
    const aloud = { command: 'node', args: [flag, evaluate, `console.error('hello')\n${source}`] }
    const apart = { ...aloud, placement: 'own' }
    const tenant = await gateway.addTenant('consoles', { aloud, apart })
    const before = await gateway.console('consoles', 'aloud')
    const sessions = [await open(tenant, 'aloud'), await open(tenant, 'apart')]
    const containers = await Promise.all(sessions.map((session) => where(session)))

    const told = [await gateway.console('consoles', 'aloud')]
    told.push(await gateway.console('consoles', 'apart'))
    await Promise.all(containers.map(({ id }) => untilStopped(id, SLEEP_AFTER_MS + 20_000)))
    const after = await gateway.console('consoles', 'aloud')

    const asleep = { isAwake: false, isCut: false, lines: [] }
    expect([before, after]).toEqual([asleep, asleep])
    for (const { isAwake, lines } of told) {
      expect({ isAwake, text: lines[0]?.text }).toEqual({ isAwake: true, text: 'hello' })
    }
    const running = await hostContainers(gateway.worker)
    for (const { hostname } of containers) {
      expect(running.map((container) => container.hostname)).not.toContain(hostname)
    }
    await Promise.all(sessions.map((session) => session.close()))
  },
  CALL_MS,
)

test(
  'a container does not sleep while a call runs in it',
  async () => {
    const session = await open(await gateway.addTenant('busy', servers), 'fixture')
    const before = await where(session)

    const waited = await wait(session, SLEEP_AFTER_MS * 2)

    expect(await waited.answer).toBe(before.hostname)
    await session.close()
  },
  CALL_MS,
)

test(
  'a killed container fails the call in flight as retryable, and the next call of the session succeeds',
  async () => {
    const session = await open(await gateway.addTenant('killed', servers), 'fixture')
    const before = await where(session)
    const { answer, begun } = await wait(session, 600_000)
    await begun

    const [failure] = await Promise.all([
      answer.then(
        () => undefined,
        (error: unknown) => error,
      ),
      killContainer(before.id),
    ])
    const after = await where(session)

    expect(failure).toMatchObject({ data: { code: 'server_exited', retryable: true } })
    expect(after.id).not.toBe(before.id)
    await session.close()
  },
  CALL_MS,
)

test.each([2, 0.25])(
  'a container that is told to stop answers the calls that run, and new ones come from the next one (cores: %s)',
  async (cores) => {
    const tenant = await gateway.addTenant(`rollout-${cores * 100}`, servers)
    const sessions = await Promise.all(Array.from({ length: 5 }, () => open(tenant, 'fixture')))
    const [first] = sessions
    if (first === undefined) throw new Error('no session')
    const before = await where(first)
    await limitProcessor(before.id, cores)
    const calls = await Promise.all(
      sessions.flatMap((each) => [wait(each, 5_000), wait(each, 5_000)]),
    )
    await Promise.all(calls.map(({ begun }) => begun))

    await terminateContainer(before.id)
    const meanwhile = sessions.map(({ client }) => client.callTool({ name: 'where' }))
    const answers = await Promise.all(calls.map(({ answer }) => answer))
    const others = (await Promise.all(meanwhile)).map((result) => readText(result))
    const after = await where(first)

    expect(answers).toEqual(calls.map(() => before.hostname))
    expect(after.id).not.toBe(before.id)
    // One may have come before the signal was there.
    for (const hostname of others) expect([before.hostname, after.hostname]).toContain(hostname)
    await Promise.all(sessions.map((each) => each.close()))
  },
  CALL_MS,
)

test(
  'two tenants never share a container',
  async () => {
    const sessions = await Promise.all(
      ['first', 'second'].map(async (name) => {
        return open(await gateway.addTenant(name, servers), 'fixture')
      }),
    )

    const hosts = await Promise.all(sessions.map((session) => where(session)))

    expect(new Set(hosts.map(({ id }) => id)).size).toBe(2)
    await Promise.all(sessions.map((session) => session.close()))
  },
  CALL_MS,
)

test(
  'a session with servers in two containers loses in one of them what was there alone',
  async () => {
    const session = await openPlaced('spans')
    const [near, far] = [await where(session, 'near__where'), await where(session, 'far__where')]
    expect(far.id).not.toBe(near.id)
    const kept = await wait(session, SLEEP_AFTER_MS, 'near__wait')
    const lost = await wait(session, 600_000, 'far__wait')
    await Promise.all([kept.begun, lost.begun])

    const [failure] = await Promise.all([
      lost.answer.then(
        () => undefined,
        (error: unknown) => error,
      ),
      killContainer(far.id),
    ])
    // While the call keeps it awake.
    const still = await where(session, 'near__where')

    expect(failure).toMatchObject({ data: { code: 'server_exited', retryable: true } })
    expect(still.id).toBe(near.id)
    expect(await kept.answer).toBe(near.hostname)
    expect((await where(session, 'far__where')).id).not.toBe(far.id)
    await session.close()
  },
  CALL_MS,
)

test(
  'each of two containers sleeps by itself: a call keeps its own awake, and no other',
  async () => {
    const session = await openPlaced('sleeps')
    const [near, far] = [await where(session, 'near__where'), await where(session, 'far__where')]

    const { answer } = await wait(session, SLEEP_AFTER_MS * 4, 'far__wait')
    const first = await Promise.race([
      untilStopped(near.id, SLEEP_AFTER_MS * 4).then(() => 'the other one sleeps'),
      answer.then(() => 'the call is answered'),
    ])
    expect(first).toBe('the other one sleeps')
    expect(await answer).toBe(far.hostname)
    await untilStopped(far.id, SLEEP_AFTER_MS + 20_000)

    expect((await where(session, 'near__where')).id).not.toBe(near.id)
    expect((await where(session, 'far__where')).id).not.toBe(far.id)
    await session.close()
  },
  CALL_MS,
)

test(
  'a container that no server is placed in any more is stopped',
  async () => {
    const session = await openPlaced('moves')
    const far = await where(session, 'far__where')

    await gateway.addTenant('moves', placed('main'))

    const moved = await where(session, 'far__where')
    expect(moved.id).toBe((await where(session, 'near__where')).id)
    await untilStopped(far.id, SLEEP_AFTER_MS + 20_000)
    await session.close()
  },
  CALL_MS,
)

test(
  'a tenant that is deleted has no container, and a new one of its name no session of it',
  async () => {
    const tenant = await gateway.addTenant('removed', { ...servers, ...placed('own') })
    const session = await open(tenant, 'fixture')
    const before = await where(session)
    const catalog = await connectSession(catalogOf(tenant), {})
    const far = await where(catalog, 'far__where')

    await gateway.deleteTenant('removed')

    await Promise.all([before, far].map(({ id }) => untilStopped(id, REMOVAL_MS)))
    const again = await open(await gateway.addTenant('removed', servers), 'fixture')
    const after = await where(again)
    expect(after.id).not.toBe(before.id)
    await expect(session.client.callTool({ name: 'where' })).rejects.toThrow()
    await again.close()
  },
  CALL_MS,
)

test(
  'the end of the gateway leaves no container and no process behind',
  async () => {
    const session = await open(await gateway.addTenant('last', servers), 'fixture')
    await where(session)
    await session.close()

    await gateway.stop()

    // Wrangler removes containers in a process that outlives it.
    const none = async () => (await listContainers(gateway.worker)).length === 0
    await waitUntil(none, 'containers are left', REMOVAL_MS)
  },
  CALL_MS,
)

/** All of a tenant's servers as one. */
function catalogOf({ url, token }: { url(server: string): string; token: string }) {
  return { url: new URL('.', url('any')).href.replace(/\/$/, ''), token }
}

async function open(
  tenant: { url(server: string): string; token: string },
  server: string,
): Promise<Session> {
  return connectSession({ url: tenant.url(server), token: tenant.token }, {})
}

/** The running container in which the session's process is. */
async function where({ client }: Session, tool = 'where'): Promise<HostContainer> {
  const hostname = readText(await client.callTool({ name: tool }))
  const running = await hostContainers(gateway.worker)
  const container = running.find((each) => each.hostname === hostname)
  if (container === undefined) throw new Error(`${hostname} is no running container`)
  return container
}

/** `near` in the tenant's own container, `far` in that of a placement. */
function placed(placement: string) {
  const { fixture } = servers
  return { near: fixture, far: { ...fixture, placement } }
}

async function openPlaced(tenant: string): Promise<Session> {
  return connectSession(catalogOf(await gateway.addTenant(tenant, placed('own'))), {})
}

/** A call that is answered after `ms`; `begun` resolves when the process has it. */
async function wait({ client }: Session, ms: number, tool = 'wait') {
  const { promise: begun, resolve } = Promise.withResolvers<void>()
  const call = { name: tool, arguments: { ms } }
  const options = { onprogress: () => resolve(), timeout: CALL_MS }
  const answer = client.callTool(call, undefined, options).then((result) => readText(result))
  return { answer, begun }
}
