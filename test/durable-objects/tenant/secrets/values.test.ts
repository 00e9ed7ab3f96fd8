import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningWorker } from '#test/worker/start-worker.ts'
import { server, startVault, Vault } from './vault.ts'

let worker: RunningWorker
beforeAll(async () => void (worker = await startVault()), 30_000)
afterAll(() => worker?.stop())

const vault = (tenant: string) => new Vault(worker, tenant)
const ALICE = 'jwt:idp:alice'
const BOB = 'jwt:idp:bob'

describe('a secret', () => {
  test('is told of without its value', async () => {
    const tenant = vault('told')
    await tenant.put({ name: 'B', value: 'value-of-b' }, 10)
    const put = await tenant.put({ name: 'A', value: 'value-of-a' }, 20)
    await tenant.put({ name: 'A', principal: ALICE, value: 'value-of-alice' }, 30)

    const [a, b] = await tenant.list()

    expect(put).toEqual({ name: 'A', version: 1, keyId: '1', updatedAt: 20 })
    expect(a).toEqual(put)
    expect(b).toEqual({ name: 'B', version: 1, keyId: '1', updatedAt: 10 })
    expect(await tenant.list(ALICE)).toEqual([
      { name: 'A', principal: ALICE, version: 1, keyId: '1', updatedAt: 30 },
    ])
    expect(await tenant.list(BOB)).toEqual([])
  })

  test('counts its versions, also when several are put at once', async () => {
    const tenant = vault('versions')
    await tenant.put({ name: 'A', value: 'first' })

    const all = await tenant.putAll(
      Array.from({ length: 20 }, (_, n) => ({ name: 'A', value: `value-${n}` })),
    )

    expect(all.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 2),
    )
    const newest = all.findIndex(({ version }) => version === 21)
    expect(await tenant.plain('A')).toBe(`value-${newest}`)
  })

  test('is put together with what belongs to the change, or not at all', async () => {
    const tenant = vault('together')
    await tenant.put({ name: 'A', value: 'kept' })

    await expect(tenant.putAndFail({ name: 'A', value: 'lost' })).rejects.toThrow('alongside')
    await expect(tenant.putAndFail({ name: 'B', value: 'lost' })).rejects.toThrow('alongside')

    expect(await tenant.plain('A')).toBe('kept')
    expect((await tenant.list()).map(({ name }) => name)).toEqual(['A'])
  })

  test('is gone when it is deleted, which can be done once', async () => {
    const tenant = vault('deleted')
    await tenant.put({ name: 'A', value: 'value' })
    await tenant.put({ name: 'A', principal: ALICE, value: 'value' })

    await tenant.delete({ name: 'A' })

    expect(await tenant.plain('A')).toBeNull()
    await expect(tenant.delete({ name: 'A' })).rejects.toMatchObject({ code: 'secret_not_found' })
    expect(await tenant.list(ALICE)).toHaveLength(1)
  })

  test('may be any text that a process can be given', async () => {
    const tenant = vault('texts')
    const value = `\u{1f511} "quoted" \\ \n\t\u{feff}${'x'.repeat(32 * 1024 - 64)}`
    expect(Buffer.byteLength(value)).toBeLessThanOrEqual(32 * 1024)

    await tenant.put({ name: 'A', value })

    expect(await tenant.plain('A')).toBe(value)
  })
})

describe('what is refused, without a word of the value', () => {
  const VALUE = 'do-not-quote-me'
  const cases: { name: string; secret: { name: string; principal?: string; value: string } }[] = [
    { name: 'a lowercase name', secret: { name: 'a', value: VALUE } },
    { name: 'a name that begins with a digit', secret: { name: '1A', value: VALUE } },
    { name: 'a name of 65 characters', secret: { name: 'A'.repeat(65), value: VALUE } },
    { name: 'an empty name', secret: { name: '', value: VALUE } },
    { name: 'a name with a line after it', secret: { name: 'A\n', value: VALUE } },
    { name: 'an empty principal', secret: { name: 'A', principal: '', value: VALUE } },
    { name: 'a long principal', secret: { name: 'A', principal: 'p'.repeat(1025), value: VALUE } },
    { name: 'an empty value', secret: { name: 'A', value: '' } },
    { name: 'a value over 32 KiB', secret: { name: 'A', value: `${VALUE}${'ü'.repeat(16_384)}` } },
    { name: 'a NUL character', secret: { name: 'A', value: `${VALUE}\0` } },
    { name: 'half a character', secret: { name: 'A', value: `${VALUE}\ud83d` } },
  ]

  test.each(cases)('$name', async ({ secret }) => {
    const refused = vault('refused').put(secret)

    await expect(refused).rejects.toMatchObject({ code: 'invalid_params' })
    await expect(refused).rejects.not.toThrow(VALUE)
  })

  test('one secret too many', async () => {
    const tenant = vault('full')
    const fill = (principal: string, most: number) =>
      tenant.sql(
        `INSERT INTO secret WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < ?2)
         SELECT ?1, 'N' || i, 1, '', '1', x'00', x'00', 1 FROM n`,
        ...[principal, most],
      )
    await fill('', 999)
    await fill(ALICE, 63)
    await tenant.put({ name: 'LAST', value: 'value' })
    await tenant.put({ name: 'LAST', principal: ALICE, value: 'value' })

    const others = [{ name: 'MORE' }, { name: 'MORE', principal: ALICE }]
    for (const other of others) {
      await expect(tenant.put({ ...other, value: 'value' })).rejects.toMatchObject({
        code: 'invalid_params',
      })
    }
    expect(await tenant.put({ name: 'LAST', value: 'again' })).toMatchObject({ version: 2 })
    for (let n = 0; n < 156; n++) await fill(`p${n}`, 64)
    const late = tenant.put({ name: 'LAST', principal: 'late', value: 'value' })
    await expect(late).rejects.toThrow('at most 10000')
  }, 60_000)
})

describe('the servers', () => {
  test('get values where references stand, and values are not read for references again', async () => {
    const tenant = vault('filled')
    await tenant.put({ name: 'A', value: 'one' })
    await tenant.put({ name: 'B', value: '${secret:A}$&' })
    const env = { X: '${secret:A}-${secret:B}-${secret:A}', Y: '$${secret:A}', Z: '${OTHER:x} $A' }

    const { one } = await tenant.resolve(server(env, ['--key=${secret:A}', 'plain']))

    expect(one).toMatchObject({
      command: 'node',
      args: ['--key=one', 'plain'],
      env: { X: 'one-${secret:A}$&-one', Y: '$one', Z: '${OTHER:x} $A' },
      missing: [],
      unusable: [],
      isPersonal: false,
    })
    expect(one?.secrets.toSorted()).toEqual(['${secret:A}$&', 'one'])
    expect(one?.config).toMatchObject({ env })
  })

  test('that lack a secret say which, and hold no value; the others are resolved', async () => {
    const tenant = vault('lacking')
    await tenant.put({ name: 'A', value: 'value-of-a' })
    const servers = {
      ...server({ X: '${secret:A}', Y: '${secret:NONE} ${secret:NEITHER} ${secret:NONE}' }),
      two: { command: 'node', env: { X: '${secret:A}' } },
      off: { command: 'node', env: { X: '${secret:NONE}' }, enabled: false },
    }

    const resolved = await tenant.resolve(servers)

    expect(Object.keys(resolved)).toEqual(['one', 'two'])
    expect(resolved.one?.missing).toEqual(['${secret:NONE}', '${secret:NEITHER}'])
    expect(JSON.stringify(resolved.one)).not.toContain('value-of-a')
    expect(resolved.two?.env).toEqual({ X: 'value-of-a' })
  })

  test('that a remote server refers to stand in its headers, and nowhere else', async () => {
    const tenant = vault('remote')
    await tenant.put({ name: 'A', value: 'value-of-a' })
    const url = 'https://a.example/mcp'
    const headers = { Authorization: 'Bearer ${secret:A}', 'X-Plain': 'plain' }
    const filled = { Authorization: 'Bearer value-of-a', 'X-Plain': 'plain' }
    const resolve = async (more = {}) =>
      (await tenant.resolve({ one: { url, headers, ...more } })).one

    const one = await resolve()
    expect(one).toMatchObject({
      remote: { url, headers: filled, transport: 'http', allowPrivate: false },
      config: { url, headers },
      secrets: ['value-of-a'],
    })
    expect(one?.identity).not.toContain('value-of-a')

    const others = [
      await resolve({ url: `${url}/2` }),
      await resolve({ headers: { ...headers, 'X-Plain': 'other' } }),
      await resolve({ transport: 'sse' }),
      await resolve({ via: 'host' }),
      await resolve({ allowPrivate: true }),
    ]
    await tenant.put({ name: 'A', value: 'newer-of-a' })
    others.push(await resolve())
    const identities = [one, ...others].map((server) => server?.identity)
    expect(new Set(identities).size).toBe(identities.length)
  })

  test('that no header can hold make a remote server unusable, and are not shown', async () => {
    const tenant = vault('unsendable')
    await tenant.put({ name: 'A', value: 'first\nsecond' })
    const url = 'https://a.example/mcp'

    const { one } = await tenant.resolve({ one: { url, headers: { 'X-Key': '${secret:A}' } } })

    expect(one?.unusable).toEqual(['headers.X-Key would have characters that no header can have'])
    expect(JSON.stringify(one)).not.toContain('second')
  })

  test('of a principal are described for everybody, and resolved for that principal alone', async () => {
    const tenant = vault('personal')
    await tenant.put({ name: 'KEY', value: 'of-the-tenant' })
    await tenant.put({ name: 'KEY', principal: ALICE, value: 'of-alice' })
    await tenant.put({ name: 'KEY', principal: BOB, value: 'of-bob' })
    const env = { A: '${principal:KEY}', B: '${secret:KEY}' }
    const servers = { ...server(env), two: { command: 'node', env: { X: '${secret:KEY}' } } }

    const everybody = await tenant.resolve(servers)
    const [alice, bob, carol] = await Promise.all(
      [ALICE, BOB, 'jwt:idp:carol'].map((principal) => tenant.resolve(servers, principal)),
    )

    expect(everybody.one).toMatchObject({ isPersonal: true, args: [], env: {}, secrets: [] })
    expect(everybody.two?.env).toEqual({ X: 'of-the-tenant' })
    expect(alice?.one?.env).toEqual({ A: 'of-alice', B: 'of-the-tenant' })
    expect(bob?.one?.env).toEqual({ A: 'of-bob', B: 'of-the-tenant' })
    expect(carol?.one).toMatchObject({ env: {}, missing: ['${principal:KEY}'] })
    expect(Object.keys(alice ?? {})).toEqual(['one'])
    expect(new Set([alice, bob, carol].map((one) => one?.one?.identity)).size).toBe(3)
  })

  test('with more secrets than a process takes cannot start, and do not starve the others', async () => {
    const tenant = vault('large')
    await tenant.put({ name: 'L', value: 'l'.repeat(32 * 1024) })
    const large = (times: number) => ({
      command: 'node',
      env: { X: '${secret:L}'.repeat(times) },
    })
    const names = Array.from({ length: 10 }, (_, n) => `s${n}`)
    const servers = Object.fromEntries(names.map((name) => [name, large(4)]))

    const resolved = await tenant.resolve({ huge: large(5), ...servers })

    expect(resolved.huge?.unusable).toEqual(['its secrets have more than 131072 bytes together'])
    const refused = names.filter((name) => resolved[name]?.unusable.length !== 0)
    expect(refused).toEqual(['s8', 's9'])
    expect(resolved.s9?.unusable[0]).toContain('more than 1048576 bytes together')
  })
})

describe('what names a command', () => {
  const identityOf = async (tenant: Vault, env: Record<string, string>, principal?: string) =>
    (await tenant.resolve(server(env), principal)).one?.identity

  test('changes with the value, and with nothing else that is done to a secret', async () => {
    const tenant = vault('identity')
    await tenant.put({ name: 'A', value: 'value-of-a' })
    const env = { X: '${secret:A}' }
    const before = await identityOf(tenant, env)

    await tenant.put({ name: 'B', value: 'other' })
    await tenant.sql("UPDATE secret SET key_id = 'former'") // what a rotation of the key changes
    expect(await identityOf(tenant, env)).toBe(before)
    await tenant.put({ name: 'A', value: 'value-of-a2' })
    const second = await identityOf(tenant, env)
    await tenant.delete({ name: 'A' })
    await tenant.put({ name: 'A', value: 'value-of-a3' })
    await tenant.put({ name: 'A', value: 'value-of-a4' })

    const third = await identityOf(tenant, env)
    expect(new Set([before, second, third]).size).toBe(3)
    expect(`${before}${second}${third}`).not.toContain('value-of')
  })

  test('is not the same for two tenants', async () => {
    const env = { X: '${secret:A}' }
    for (const name of ['ida', 'idb']) await vault(name).put({ name: 'A', value: 'same' })

    expect(await identityOf(vault('ida'), env)).not.toBe(await identityOf(vault('idb'), env))
  })

  test('of a server without references is its command, as it was before there were secrets', async () => {
    const identity = await identityOf(vault('plain'), { B: '2', A: '1' })

    expect(identity).toBe(
      JSON.stringify([
        'node',
        [],
        [
          ['A', '1'],
          ['B', '2'],
        ],
        undefined,
      ]),
    )
  })
})
