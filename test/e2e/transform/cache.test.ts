/** Results that are kept: how often the server is asked, counted in real processes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway, type GatewayOptions } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool, type Answer } from '#test/support/http-client.ts'
import { Notes } from '#test/support/notes.ts'
import { waitUntil } from '#test/support/processes.ts'
import { issue } from '../access/issue.ts'

type Server = GatewayOptions['servers'][string]

const notes = new Notes<{ name: string; key: string }>()
const env = { NOTES: notes.file }
const HOUR_MS = 3_600_000
const counting = (rule: object, more: Partial<Server> = {}): Server =>
  fixture('counts-reads', {
    ...{ env, transform: [{ use: 'cache', ttlMs: HOUR_MS, ...rule }] },
    ...more,
  })

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      own: counting({}),
      shared: counting({}, { sharing: 'shared' }),
      ruled: counting({ match: { tools: ['wr*'] } }),
      each: counting({ per: 'principal' }),
      revalidated: counting({ ttlMs: 1, staleWhileRevalidateMs: HOUR_MS }),
      fragile: counting(
        { ttlMs: 1, staleIfErrorMs: HOUR_MS },
        { resilience: { breaker: { consecutiveFailures: 2, openMs: HOUR_MS } } },
      ),
      personal: counting({}, { env: { ...env, TOKEN: '${principal:TOKEN}' } }),
      modern: fixture('transformable-modern', { env, transform: [{ use: 'cache' }] }),
      limited: counting(
        {},
        { limits: [{ name: 'one', per: 'tenant', algorithm: 'concurrency', limit: 1 }] },
      ),
    },
  })
})

afterAll(async () => {
  await gateway?.stop()
  notes.remove()
})

interface Client {
  call(name: string, args?: object): Promise<Answer>
}

let lastKey = 0
const newKey = (): string => `key-${++lastKey}`
const runs = (key: string): number => notes.all((note) => note.key === key).length
const linesOf = (key: string): Record<string, unknown>[] => {
  const lines = gateway.logs.filter((line) => line.includes(`"target":"${key}"`))
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

const CLIENTS: Record<string, (server: string) => Promise<Client> | Client> = {
  legacy: (server) => initialize(targetOf(gateway, server)),
  modern: (server) => new ModernClient(targetOf(gateway, server)),
}

describe.each(Object.entries(CLIENTS))('a client of the %s era', (_, connect) => {
  test.each(['own', 'shared'])('has a tool that only reads run once: %s', async (server) => {
    const [client, key] = [await connect(server), newKey()]
    const first = await client.call('read', { key, list: [1, { b: 1, a: 2 }] })
    const second = await client.call('read', { list: [1, { a: 2, b: 1 }], key })

    expect(second.message.id).not.toBe(first.message.id)
    expect(readTool(second)).toEqual(readTool(first))
    expect(runs(key)).toBe(1)
  })

  test('has what is not said to only read run each time, and other arguments run, too', async () => {
    const [client, key, other] = [await connect('own'), newKey(), newKey()]
    for (const args of [{ key }, { key }, { key: other }]) await client.call('write', args)
    for (const args of [
      { key: `${key}r`, n: 1 },
      { key: `${key}r`, n: 2 },
    ]) {
      await client.call('read', args)
    }

    expect([runs(key), runs(other), runs(`${key}r`)]).toEqual([2, 1, 2])
  })

  test('has a hundred equal calls at the same time run once', async () => {
    const [client, key] = [await connect('own'), newKey()]
    const calls = Array.from({ length: 100 }, () => client.call('read', { key }))
    const answers = await Promise.all(calls)

    expect(runs(key)).toBe(1)
    expect(new Set(answers.map((answer) => readTool<{ run: number }>(answer).run)).size).toBe(1)
    expect(new Set(answers.map(({ message }) => message.id)).size).toBe(100)
  })

  test('has a tool run again when the server said that its tools changed', async () => {
    const [client, key] = [await connect('own'), newKey()]
    await client.call('read', { key })
    await client.call('change', {})
    await waitUntil(
      async () => {
        await client.call('read', { key })
        return runs(key) === 2
      },
      'what was kept was not dropped',
      10_000,
    )
    await client.call('read', { key })

    expect(runs(key)).toBe(2)
  })

  test('is told no error that is kept', async () => {
    const [client, key] = [await connect('own'), newKey()]
    for (let time = 0; time < 2; time++) {
      expect((await client.call('refuse', { key })).message.result?.isError).toBe(true)
    }

    expect(runs(key)).toBe(2)
  })

  test('is answered while a new result is fetched, and then with the new one', async () => {
    const [client, key] = [await connect('revalidated'), newKey()]
    const first = readTool(await client.call('read', { key }))
    await waitUntil(async () => {
      return (readTool(await client.call('read', { key })) as object) && runs(key) >= 2
    }, 'nothing was fetched')
    await waitUntil(async () => {
      return JSON.stringify(readTool(await client.call('read', { key }))) !== JSON.stringify(first)
    }, 'the new result is not told')
  })
})

test('clients of all sessions share what is kept, and those of another era have their own', async () => {
  const key = newKey()
  const legacy = [
    await initialize(targetOf(gateway, 'own')),
    await initialize(targetOf(gateway, 'own')),
  ]
  for (const client of legacy) await client.call('read', { key })
  expect(runs(key)).toBe(1)

  await new ModernClient(targetOf(gateway, 'own')).call('read', { key })
  expect(runs(key)).toBe(2)
})

test('a server and the catalog share what is kept', async () => {
  const key = newKey()
  await new ModernClient(targetOf(gateway, 'own')).call('read', { key })
  const catalog = { url: `${gateway.url}/mcp`, token: gateway.token }
  await new ModernClient(catalog).call('own__read', { key })

  expect(runs(key)).toBe(1)
})

test('a rule says what is kept in the place of what tools say of themselves', async () => {
  const [client, key] = [await initialize(targetOf(gateway, 'ruled')), newKey()]
  for (const name of ['write', 'write', 'read', 'read']) await client.call(name, { key })

  expect(notes.all((note) => note.key === key).map(({ name }) => name)).toEqual([
    ...['write', 'read', 'read'],
  ])
})

describe('two principals', () => {
  const two = async (server: string): Promise<Client[]> => {
    const tokens = await Promise.all([0, 1].map(() => issue(gateway, { scopes: ['*'] })))
    return tokens.map(({ token }) => new ModernClient({ ...targetOf(gateway, server), token }))
  }

  test('share what is kept', async () => {
    const key = newKey()
    for (const client of await two('own')) await client.call('read', { key })
    expect(runs(key)).toBe(1)
  })

  test('each have their own where that is configured', async () => {
    const key = newKey()
    const clients = await two('each')
    for (const client of [...clients, ...clients]) await client.call('read', { key })
    expect(runs(key)).toBe(2)
  })

  test('each have their own, also at the same time, where the server says that it is private', async () => {
    const key = newKey()
    const clients = await two('modern')
    const args = { key, ttlMs: HOUR_MS, cacheScope: 'private' }
    await Promise.all(clients.map((client) => client.call('kept', args)))
    for (const client of clients) await client.call('kept', args)
    expect(runs(key)).toBe(2)
  })
})

describe('a modern server', () => {
  test.each([
    { ttlMs: HOUR_MS, cacheScope: 'public', expected: 1 },
    { ttlMs: 0, cacheScope: 'public', expected: 2 },
  ])('is believed: $ttlMs ms', async ({ expected, ...hints }) => {
    for (const client of [
      await initialize(targetOf(gateway, 'modern')),
      new ModernClient(targetOf(gateway, 'modern')),
    ]) {
      const key = newKey()
      for (let time = 0; time < 2; time++) await client.call('kept', { key, ...hints })
      expect(runs(key)).toBe(expected)
    }
  })

  test('is quoted with the time that is left', async () => {
    const [client, key] = [new ModernClient(targetOf(gateway, 'modern')), newKey()]
    const args = { key, ttlMs: HOUR_MS, cacheScope: 'public' }
    await client.call('kept', args)
    await waitUntil(async () => {
      const { result } = (await client.call('kept', args)).message
      return typeof result?.ttlMs === 'number' && result.ttlMs < HOUR_MS
    }, 'the time does not pass')
    expect(runs(key)).toBe(1)
  })
})

test('a personal server’s results are its principal’s alone', async () => {
  const key = newKey()
  const shown: unknown[] = []
  for (const value of ['one', 'two']) {
    const { token, info } = await gateway.admin<{ token: string; info: { principal: string } }>(
      ...(['POST', 'tokens', { name: value, grants: { scopes: ['*'] } }] as const),
    )
    const principal = encodeURIComponent(info.principal)
    await gateway.admin('PUT', `principals/${principal}/secrets/TOKEN`, { value: `${value}-token` })
    const client = new ModernClient({ ...targetOf(gateway, 'personal'), token })
    for (let time = 0; time < 2; time++) {
      shown.push(readTool<{ by: string }>(await client.call('read', { key })).by)
    }
  }

  expect(shown).toEqual(['one-token', 'one-token', 'two-token', 'two-token'])
  expect(runs(key)).toBe(2)
})

test('what is kept stands in for a server that fails, and behind an open breaker', async () => {
  const [client, key] = [await initialize(targetOf(gateway, 'fragile')), newKey()]
  const first = readTool(await client.call('fragile', { key }))
  await client.call('break', {})
  for (let time = 0; time < 5; time++) {
    expect(readTool(await client.call('fragile', { key }))).toEqual(first)
  }
  const other = await client.call('fragile', { key: newKey() })

  expect(other.message.error?.data).toMatchObject({ code: 'server_unavailable' })
  const stale = () => gateway.logs.filter((line) => line.includes('"cache":"stale"'))
  await expect
    .poll(() => stale().map((line) => JSON.parse(line) as object))
    .toContainEqual(expect.objectContaining({ target: 'fragile', outcome: 'ok' }))
})

test('the log says of each call whether it was answered from what is kept', async () => {
  const client = await initialize(targetOf(gateway, 'own'))
  const before = gateway.logs.length
  const args = { key: newKey() }
  for (let time = 0; time < 2; time++) await client.call('read', args)
  await waitUntil(
    () => gateway.logs.slice(before).some((line) => line.includes('"hit"')),
    'no line',
  )
  const lines = gateway.logs
    .slice(before)
    .map((line) => JSON.parse(line) as Record<string, unknown>)

  expect(
    lines.filter(({ target }) => target === 'read').map(({ cache, outcome }) => [cache, outcome]),
  ).toEqual([
    ['miss', 'ok'],
    ['hit', 'ok'],
  ])
})

test('a client that gives up does not take the answer from those who wait for the same', async () => {
  const key = newKey()
  const [first, second] = [
    await initialize(targetOf(gateway, 'own')),
    await initialize(targetOf(gateway, 'own')),
  ]
  const calls = [first.call('read', { key }, { id: 'given-up' }), second.call('read', { key })]
  await first.notify('notifications/cancelled', { requestId: 'given-up' })
  await first.delete()

  const [, answer] = await Promise.all(calls)
  expect(readTool(answer as Answer)).toMatchObject({ run: expect.any(Number) })
})

test('a changed configuration drops what was kept', async () => {
  const key = newKey()
  const client = await initialize(targetOf(gateway, 'own'))
  await client.call('read', { key })
  await gateway.putServers({ own: counting({ ttlMs: HOUR_MS - 1 }) })
  await client.call('read', { key })

  expect(runs(key)).toBe(2)
  expect(linesOf('read').length).toBeGreaterThan(0)
})
