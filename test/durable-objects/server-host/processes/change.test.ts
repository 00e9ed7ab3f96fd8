/** What a new configuration says of each server, and who is told of it. */
import { describe, expect, test } from 'vitest'
import { DEFAULT_CATALOG } from '#protocol/catalog.ts'
import { compareServers, isNoChange } from '#durable-objects/server-host/processes/change.ts'
import type { ServersChange } from '#durable-objects/server-host/processes/change.ts'
import { Servers } from '#durable-objects/server-host/processes/servers.ts'
import { ServerConfig } from '#protocol/server-config.ts'
import type { LaunchConfig, ResolvedServer } from '#protocol/tenant.ts'

interface Made {
  config?: object
  identity?: string
  isPersonal?: boolean
  missing?: string[]
}

function resolved({ config = {}, identity = 'same', ...more }: Made = {}): ResolvedServer {
  return {
    config: ServerConfig.parse({ command: 'one', ...config }),
    ...{ command: 'one', args: [], env: {}, identity, secrets: [] },
    ...{ missing: [], unusable: [], isPersonal: false, ...more },
  } as ResolvedServer
}

const NOTHING: ServersChange = { added: [], changed: [], removed: [], adjusted: [] }
const mapOf = (servers: Record<string, ResolvedServer>) => new Map(Object.entries(servers))

describe('of two configurations', () => {
  test.each<[string, Made, Partial<ServersChange>]>([
    ['the same', {}, {}],
    ['another command', { identity: 'other' }, { changed: ['a'] }],
    ['another sharing', { config: { sharing: 'shared' } }, { changed: ['a'] }],
    ['roots', { config: { roots: true } }, { changed: ['a'] }],
    ['a secret that is not set any more', { missing: ['${secret:A}'] }, { changed: ['a'] }],
    ['now personal', { isPersonal: true, identity: '' }, { changed: ['a'] }],
    ['another timeout', { config: { timeoutMs: 5 } }, { adjusted: ['a'] }],
    ['other scopes', { config: { requiredScopes: ['x'] } }, { adjusted: ['a'] }],
    ['more spares', { config: { warm: 3, maxProcesses: 5 } }, { adjusted: ['a'] }],
    ['hidden in the catalog', { config: { catalog: { isListed: false } } }, { adjusted: ['a'] }],
  ])('%s', (_what, after, expected) => {
    const change = compareServers(mapOf({ a: resolved() }), mapOf({ a: resolved(after) }))

    expect(change).toMatchObject({ ...NOTHING, ...expected })
    expect(isNoChange(change)).toBe(Object.keys(expected).length === 0)
  })

  test('servers come and go, and their order is nothing', () => {
    const before = mapOf({ a: resolved(), b: resolved(), c: resolved() })
    const after = mapOf({ c: resolved(), d: resolved(), a: resolved() })

    expect(compareServers(before, after)).toEqual({ ...NOTHING, added: ['d'], removed: ['b'] })
  })
})

describe('the servers of an object', () => {
  function hosted(first: Record<string, ResolvedServer>) {
    let config: LaunchConfig = launches(1, first)
    const told: string[] = []
    const changes: ServersChange[] = []
    const servers = new Servers(
      (principal) => {
        const own = Object.entries(config.servers).flatMap(([name, server]) => {
          if (principal !== undefined) return server.isPersonal ? [[name, server] as const] : []
          // Without a principal a personal server is only described.
          return [[name, server.isPersonal ? { ...server, identity: '' } : server] as const]
        })
        return Promise.resolve({ ...config, servers: Object.fromEntries(own) })
      },
      () => told.push('launches'),
      (change) => {
        told.push('change')
        changes.push(change)
      },
    )
    const put = async (version: number, next: Record<string, ResolvedServer>) => {
      config = launches(version, next)
      await servers.reach(version)
    }
    return { servers, put, told, changes }
  }

  const launches = (version: number, servers: Record<string, ResolvedServer>): LaunchConfig => ({
    ...{ version, servers, catalog: DEFAULT_CATALOG, routes: [] },
  })

  test('are told of once for each configuration, after the launches', async () => {
    const { servers, put, told, changes } = hosted({ a: resolved() })
    await servers.load()
    await Promise.all([put(2, { a: resolved({ identity: 'other' }) }), servers.load()])
    await put(2, {})

    expect(changes).toEqual([
      { ...NOTHING, added: ['a'] },
      { ...NOTHING, changed: ['a'] },
    ])
    expect(told).toEqual(['launches', 'change', 'launches', 'change'])
  })

  test('of the same launch are the same objects, with the settings that they have now', async () => {
    const { servers, put } = hosted({ a: resolved(), b: resolved({ identity: 'b' }) })
    await servers.load()
    const [a, b] = [servers.peek('a'), servers.peek('b')]

    await put(2, {
      a: resolved({ config: { timeoutMs: 7, warm: 4 } }),
      b: resolved({ identity: 'other' }),
    })

    expect(servers.peek('a')).toBe(a)
    expect(a).toMatchObject({ config: { timeoutMs: { call: 7 } }, launch: { warm: 4 } })
    expect(servers.peek('b')).not.toBe(b)
    expect(servers.factsOf('a', 'anybody')).toBe(a)
  })

  test('personal ones are read again for who was here, and only they are told of', async () => {
    const personal = (identity: string) => ({ mine: resolved({ isPersonal: true, identity }) })
    const { servers, put, changes } = hosted(personal('one'))
    const before = await servers.get('mine', 1, 'p')
    changes.length = 0

    await put(2, personal('one'))
    await put(3, personal('two'))
    while (changes.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))

    expect(changes.at(-1)).toEqual({ ...NOTHING, changed: ['mine'], principal: 'p' })
    expect(servers.peek('mine', 'p')).not.toBe(before)
    expect(servers.peek('mine', 'q')).toBeUndefined()
  })
})
