/** Which launches a host program is told of, for whom, and for how long. */
import { DEFAULT_CATALOG } from '#protocol/catalog.ts'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { toStartable } from '#durable-objects/server-host/processes/launch.ts'
import { Servers, type Server } from '#durable-objects/server-host/processes/servers.ts'
import type { Launch } from '#protocol/link.ts'
import { ServerConfig } from '#protocol/server-config.ts'
import type { LaunchConfig, ResolvedProcess, ResolvedServer } from '#protocol/tenant.ts'

/** A tenant's object as the server host asks it: a value for each principal, in the launch and its name. */
class FakeTenant {
  version = 1
  values = new Map<string, string>()
  personal = ['mine']
  common = ['ours']
  reads: (string | undefined)[] = []
  padding = ''

  readonly launches = async (principal?: string): Promise<LaunchConfig> => {
    this.reads.push(principal)
    // What belongs together is read at once, as the Tenant object does it.
    const { version } = this
    const servers = Object.fromEntries([
      ...(principal === undefined ? this.common.map((name) => [name, resolve(name)]) : []),
      ...this.personal.map((name) => [name, this.#resolvePersonal(name, principal)]),
    ]) as LaunchConfig['servers']
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    return { version, servers, catalog: DEFAULT_CATALOG, routes: [] }
  }

  #resolvePersonal(name: string, principal: string | undefined): ResolvedServer {
    if (principal === undefined) return { ...resolve(name), identity: '', isPersonal: true }
    const value = this.values.get(principal) ?? 'first'
    const missing = value === 'missing' ? ['${principal:KEY}'] : []
    const env = { KEY: `${principal}=${value}`, padding: this.padding }
    const identity = `${name} ${principal} ${value}`
    return { ...resolve(name), env, identity, secrets: [value], missing, isPersonal: true }
  }
}

function resolve(name: string): ResolvedProcess {
  const config = ServerConfig.parse({ command: name, warm: 2 })
  const nothing = { args: [], env: {}, secrets: [], missing: [], unusable: [] }
  return { config, command: name, identity: name, isPersonal: false, ...nothing }
}

let tenant: FakeTenant
let changes: Launch[][]
let servers: Servers
beforeEach(() => {
  vi.useFakeTimers()
  tenant = new FakeTenant()
  changes = []
  servers = new Servers(tenant.launches, () => changes.push(servers.launchesAt('main')))
})
afterEach(() => vi.useRealTimers())

const keyOf = (server: Server | undefined) => {
  const launch = server?.launch
  return launch?.remote === undefined ? launch?.env.KEY : undefined
}
const names = () => servers.launchesAt('main').map(({ name }) => name)
const get = (principal: string, version = tenant.version) => servers.get('mine', version, principal)

describe('a personal server', () => {
  test('is launched for each principal under a name of its own, once it calls', async () => {
    await servers.load()
    expect(names()).toEqual(['ours'])

    const [a, again, b] = [await get('a'), await get('a'), await get('b')]

    expect(again).toBe(a)
    expect([keyOf(a), keyOf(b)]).toEqual(['a=first', 'b=first'])
    expect(a.launch.name).toMatch(/^mine~[0-9a-f]{32}$/)
    expect(new Set([a.launch.name, b.launch.name, a.launch.digest, b.launch.digest]).size).toBe(4)
    expect(names()).toEqual(['ours', a.launch.name, b.launch.name])
    expect(changes).toHaveLength(3)
  })

  test("is nobody else's: without a principal, or with another one, there is none", async () => {
    await get('a')

    await expect(servers.get('mine', 1)).rejects.toMatchObject({ code: 'server_not_found' })
    expect(servers.peek('mine')).toBeUndefined()
    expect(servers.peek('mine', 'b')).toBeUndefined()
    expect(servers.launchOf({ name: 'mine' })).toBeUndefined()
    expect(servers.launchOf({ name: 'mine', principal: 'b' })).toBeUndefined()
    expect(keyOf(servers.peek('mine', 'a'))).toBe('a=first')
    expect(servers.factsOf('mine', 'b')).toMatchObject({ name: 'mine', principal: 'b' })
    expect(servers.factsOf('ours', 'b')).not.toHaveProperty('principal')
  })

  test('of many principals at once is read once for each', async () => {
    await servers.load()
    tenant.reads = []

    const all = await Promise.all(['a', 'b', 'a', 'b', 'a'].map((principal) => get(principal)))

    expect(tenant.reads.toSorted()).toEqual(['a', 'b'])
    expect(all.map(keyOf)).toEqual(
      ['a', 'b', 'a', 'b', 'a'].map((principal) => `${principal}=first`),
    )
  })

  test('has a new launch after a change, and the launches of others stay as they are', async () => {
    const [a, b] = [await get('a'), await get('b')]
    tenant.values.set('a', 'second')
    tenant.version = 2

    const [newA, newB] = [await get('a'), await get('b')]

    expect(keyOf(newA)).toBe('a=second')
    expect(newA.launch.name).toBe(a.launch.name)
    expect(newA.launch.digest).not.toBe(a.launch.digest)
    expect(newB.launch).toEqual(b.launch)
    // The first reading, each principal's first call, the new configuration, and what changed for a.
    expect(changes).toHaveLength(5)
  })

  test('is as of the version that a call knows, also when an older reading is under way', async () => {
    await servers.load()
    const early = get('a')
    while (!tenant.reads.includes('a')) await Promise.resolve()
    tenant.values.set('a', 'second')
    tenant.version = 2

    const late = get('a')

    expect(keyOf(await early)).toBe('a=first')
    expect(keyOf(await late)).toBe('a=second')
    expect(keyOf(servers.peek('mine', 'a'))).toBe('a=second')
  })

  test('without its secret is a fault for that principal alone, until the secret is there', async () => {
    tenant.values.set('a', 'missing')
    const fault = { code: 'secret_missing', data: { missing: ['${principal:KEY}'] } }

    await expect(get('a')).rejects.toMatchObject(fault)
    tenant.reads = []
    await expect(get('a')).rejects.toMatchObject(fault)
    expect(tenant.reads).toEqual([])
    expect(keyOf(await get('b'))).toBe('b=first')
    expect(names()).toHaveLength(2)

    tenant.values.set('a', 'second')
    tenant.version = 2
    expect(keyOf(await get('a'))).toBe('a=second')
  })

  test('that is configured no more, or as a common one, has no launches of principals', async () => {
    await get('a')
    ;[tenant.version, tenant.personal, tenant.common] = [2, [], ['ours', 'mine']]

    const common = await get('a')

    expect(common).not.toHaveProperty('principal')
    expect(names()).toEqual(['ours', 'mine'])
    ;[tenant.version, tenant.common] = [3, ['ours']]
    await expect(get('a')).rejects.toMatchObject({ code: 'server_not_found' })
    expect(names()).toEqual(['ours'])
  })
})

test('what is stored of a launch, its digest, is made without any value that was filled in', async () => {
  const filled = { args: ['--key=hunter2'], env: { KEY: 'hunter2' }, secrets: ['hunter2'] }

  const [one, two] = await Promise.all([
    toStartable('ours', { ...resolve('ours'), ...filled }),
    toStartable('ours', resolve('ours')),
  ])

  expect(one.server?.launch).toMatchObject(filled)
  expect(one.server?.launch.digest).toBe(two.server?.launch.digest)
})

describe('a remote server', () => {
  const remote = (via: 'edge' | 'host'): ResolvedServer => ({
    ...{ config: ServerConfig.parse({ url: 'https://a.example', via }), identity: `remote ${via}` },
    remote: { url: 'https://a.example', headers: {}, transport: 'http', allowPrivate: false },
    ...{ secrets: [], missing: [], unusable: [], isPersonal: false },
  })
  const load = async (resolved: Record<string, ResolvedServer>) => {
    const config = { version: 1, servers: resolved, catalog: DEFAULT_CATALOG, routes: [] }
    servers = new Servers(
      () => Promise.resolve(config),
      () => undefined,
    )
    await servers.load()
  }

  test('at the edge is none of the host program’s, but a launch all the same', async () => {
    await load({ edge: remote('edge'), host: remote('host'), ours: resolve('ours') })

    expect(names()).toEqual(['host', 'ours'])
    expect(servers.digests.size).toBe(3)
    expect(['edge', 'host', 'ours', 'none'].map((name) => servers.placementOf(name))).toEqual([
      ...[undefined, 'main', 'main', 'main'],
    ])
    expect(servers.launchOf({ name: 'edge' })).toMatchObject({
      warm: 0,
      remote: { url: 'https://a.example', pool: { allowH2: true } },
    })
  })

  test('alone leaves the catalog nothing in the host program either', async () => {
    await load({ edge: remote('edge') })
    expect(servers.placementOf('*')).toBeUndefined()

    await load({ edge: remote('edge'), ours: resolve('ours') })
    expect(servers.placementOf('*')).toBe('main')
  })
})

describe('what personal servers may cost', () => {
  const principalsOf = () => {
    return servers.launchesAt('main').flatMap((launch) => {
      return launch.remote === undefined ? (launch.env.KEY?.split('=')[0] ?? []) : []
    })
  }

  test('is bounded in number: who was there least recently leaves', async () => {
    for (let n = 0; n < 128; n++) await get(`p${n}`)
    await get('p0')
    servers.touch('mine', 'p1')
    await get('late')

    expect(principalsOf()).toHaveLength(128)
    expect(principalsOf()).not.toContain('p2')
    expect(principalsOf().slice(-3)).toEqual(['p0', 'p1', 'late'])
    expect(keyOf(await get('p2'))).toBe('p2=first')
  })

  test('leaves the common servers their room in what a host program takes', async () => {
    tenant.common = Array.from({ length: 250 }, (_, n) => `s${n}`)
    for (let n = 0; n < 20; n++) await get(`p${n}`)

    expect(servers.launchesAt('main').length).toBeLessThanOrEqual(256)
    expect(principalsOf().at(-1)).toBe('p19')
  })

  test('is bounded in size', async () => {
    tenant.padding = 'x'.repeat(1024 * 1024)
    for (let n = 0; n < 6; n++) await get(`p${n}`)
    expect(principalsOf()).toEqual(['p3', 'p4', 'p5'])

    tenant.padding = 'x'.repeat(5 * 1024 * 1024)
    await get('large')
    expect(principalsOf()).toEqual(['large'])
  })

  test('is no spare for a principal that was not there for ten minutes', async () => {
    const spares = () => servers.launchesAt('main').map(({ warm }) => warm)
    await get('a')
    await vi.advanceTimersByTimeAsync(400_000)
    await get('b')
    expect(spares()).toEqual([2, 2, 2])

    await vi.advanceTimersByTimeAsync(200_000)
    expect(spares()).toEqual([2, 0, 2])
    expect(changes.at(-1)?.map(({ warm }) => warm)).toEqual([2, 0, 2])
    servers.touch('mine', 'b')
    await vi.advanceTimersByTimeAsync(599_000)
    expect(spares()).toEqual([2, 0, 2])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(spares()).toEqual([2, 0, 0])
    expect(vi.getTimerCount()).toBe(0)

    await get('a')
    expect(spares()).toEqual([2, 0, 2])
    expect(changes.at(-1)?.map(({ warm }) => warm)).toEqual([2, 0, 2])
  })
})
