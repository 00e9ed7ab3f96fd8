/** What a stolen, changed or restored database is worth. */
import { readdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MASTER_KEY, type RunningWorker } from '#test/worker/start-worker.ts'
import { server, startVault, Vault } from './vault.ts'

const OLD = `old:${MASTER_KEY}`
const NEW = `new:${'c4'.repeat(32)}`
const ALICE = 'jwt:idp:alice'

let worker: RunningWorker
beforeAll(async () => void (worker = await startVault()), 30_000)
afterAll(() => worker?.stop())
beforeEach(() => worker.restart({ MASTER_KEY: OLD }), 30_000)

const vault = (tenant: string) => new Vault(worker, tenant)
const unusable = async (tenant: Vault, name: string) =>
  (await tenant.resolve(server({ X: `\${secret:${name}}` }))).one?.unusable

/** Every byte that workerd has written: databases, journals, whatever else is in the folder. */
async function dump(): Promise<Buffer> {
  const [database = ''] = await worker.databases('Tenant')
  const folder = dirname(dirname(database))
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Buffer.concat(await Promise.all(files.map((f) => readFile(`${f.parentPath}/${f.name}`))))
}

/** What a value could look like to whoever searches the files. */
function disguises(value: string): Buffer[] {
  const bytes = Buffer.from(value)
  const base64 = [0, 1, 2].map((n) => {
    // The first and the last characters depend on what stands around the value.
    return Buffer.concat([Buffer.alloc(n), bytes])
      .toString('base64')
      .slice(4, -4)
  })
  const texts = [...base64, bytes.toString('base64url').slice(4, -4)]
  const hex = bytes.toString('hex')
  return [
    bytes,
    Buffer.from(value, 'utf16le'),
    Buffer.from(value, 'utf16le').swap16(),
    ...[...texts, hex, hex.toUpperCase(), encodeURIComponent(value)].map((text) =>
      Buffer.from(text),
    ),
  ]
}

test('no file holds a value, in whatever form, or a key', async () => {
  const tenant = vault('dumped')
  const value = 'Zu finden? p4ssw0rd/+ÄÖ of the tenant'
  const former = 'former-value-that-was-replaced'
  const deleted = 'value-that-was-deleted-again'
  const personal = 'value-of-a-principal-alone'
  await tenant.put({ name: 'FINDABLE_NAME', value: former })
  await tenant.put({ name: 'FINDABLE_NAME', value })
  await tenant.put({ name: 'GONE', value: deleted })
  await tenant.put({ name: 'MINE', principal: ALICE, value: personal })
  await tenant.delete({ name: 'GONE' })
  expect(await tenant.plain('FINDABLE_NAME')).toBe(value)
  await worker.restart({ MASTER_KEY: `${NEW},${OLD}` })
  await tenant.rewrap()
  await worker.restart({ MASTER_KEY: NEW }) // everything is written now

  const stored = await dump()

  expect(stored.includes('FINDABLE_NAME')).toBe(true)
  for (const secret of [value, former, deleted, personal]) {
    for (const form of disguises(secret)) expect(stored.indexOf(form)).toBe(-1)
  }
  for (const key of [OLD, NEW].map((entry) => entry.split(':')[1] ?? '')) {
    expect(stored.indexOf(key)).toBe(-1)
    expect(stored.indexOf(Buffer.from(key, 'hex'))).toBe(-1)
  }
})

describe('a row does not decrypt', () => {
  const DAMAGED = ['${secret:B}: it does not decrypt']

  async function prepare(name: string): Promise<Vault> {
    const tenant = vault(name)
    await tenant.put({ name: 'A', value: 'value-of-a' })
    await tenant.put({ name: 'B', value: 'value-of-b' })
    await tenant.put({ name: 'B', principal: ALICE, value: 'of-alice' })
    expect(await unusable(tenant, 'B')).toEqual([])
    return tenant
  }
  const copy = (tenant: Vault, from: string, to: string) =>
    tenant.sql(
      `UPDATE secret SET (iv, data, version) = (SELECT iv, data, version FROM secret WHERE ${from})
       WHERE ${to}`,
    )

  test('under another name', async () => {
    const tenant = await prepare('renamed')
    await copy(tenant, "name = 'A'", "name = 'B' AND principal = ''")

    expect(await unusable(tenant, 'B')).toEqual(DAMAGED)
    await expect(tenant.plain('B')).rejects.toMatchObject({ code: 'secret_unusable' })
    await expect(tenant.plain('B')).rejects.not.toThrow('value-of')
    expect(await tenant.plain('A')).toBe('value-of-a')
  })

  test('as the secret of a principal, nor of none', async () => {
    const tenant = await prepare('given')
    await copy(tenant, `principal = '${ALICE}'`, "name = 'B' AND principal = ''")
    expect(await unusable(tenant, 'B')).toEqual(DAMAGED)

    await tenant.put({ name: 'B', value: 'value-of-b' })
    await copy(tenant, "name = 'B' AND principal = ''", `principal = '${ALICE}'`)
    const { one } = await tenant.resolve(server({ X: '${principal:B}' }), ALICE)
    expect(one?.unusable).toEqual(['${principal:B}: it does not decrypt'])
  })

  test('as the secret of another principal', async () => {
    const tenant = await prepare('stolen')
    await tenant.sql(`UPDATE secret SET principal = 'jwt:idp:mallory' WHERE principal = '${ALICE}'`)

    const { one } = await tenant.resolve(server({ X: '${principal:B}' }), 'jwt:idp:mallory')

    expect(one?.unusable).toEqual(['${principal:B}: it does not decrypt'])
  })

  test('as another version', async () => {
    const tenant = await prepare('aged')
    await tenant.sql("UPDATE secret SET version = 2 WHERE name = 'B'")

    expect(await unusable(tenant, 'B')).toEqual(DAMAGED)
  })

  test('in another tenant', async () => {
    const from = await prepare('from')
    const to = await prepare('to')
    const [row] = await from.sql(
      "SELECT hex(iv) AS iv, hex(data) AS data FROM secret WHERE name = 'B' AND principal = ''",
    )
    await to.sql(
      "UPDATE secret SET iv = unhex(?), data = unhex(?) WHERE name = 'B' AND principal = ''",
      ...[row?.iv, row?.data],
    )

    expect(await unusable(to, 'B')).toEqual(DAMAGED)
    expect(await from.plain('B')).toBe('value-of-b')
  })

  test('with one bit changed', async () => {
    const tenant = await prepare('flipped')
    const [row] = await tenant.sql("SELECT hex(data) AS data FROM secret WHERE name = 'A'")
    const data = String(row?.data)
    const flipped = (Number.parseInt(data[0] ?? '', 16) ^ 1).toString(16) + data.slice(1)
    await tenant.sql("UPDATE secret SET data = unhex(?) WHERE name = 'A'", flipped)

    expect(await unusable(tenant, 'A')).toEqual(['${secret:A}: it does not decrypt'])
    expect(await tenant.rewrap()).toEqual({
      ...{ rewrapped: 0, failed: 1 },
      failures: [{ name: 'A', why: 'it does not decrypt' }],
    })
  })
})

test('the same value is never stored the same way twice', async () => {
  const tenant = vault('repeated')
  const seen = new Set<unknown>()
  for (let n = 0; n < 20; n++) {
    await tenant.put({ name: 'A', value: 'same' })
    const [row] = await tenant.sql('SELECT hex(iv) AS iv, hex(data) AS data FROM secret')
    seen.add(row?.iv).add(row?.data)
  }

  expect(seen.size).toBe(40)
})

describe('a new master key', () => {
  test('leaves everything working, and the former one can go once all is under the new one', async () => {
    const tenant = vault('rotated')
    await tenant.put({ name: 'A', value: 'value-of-a' })
    await tenant.put({ name: 'A', value: 'value-of-a2' })
    await tenant.put({ name: 'MINE', principal: ALICE, value: 'of-alice' })
    const servers = server({ X: '${principal:MINE}${secret:A}' })
    const { one: before } = await tenant.resolve(servers, ALICE)

    await worker.restart({ MASTER_KEY: `${NEW},${OLD}` })
    expect(await tenant.plain('A')).toBe('value-of-a2')
    expect(await tenant.put({ name: 'B', value: 'value-of-b' })).toMatchObject({ keyId: 'new' })
    expect(await tenant.rewrap()).toEqual({ rewrapped: 2, failed: 0, failures: [] })
    expect(await tenant.rewrap()).toEqual({ rewrapped: 0, failed: 0, failures: [] })

    await worker.restart({ MASTER_KEY: NEW })
    const { one: after } = await tenant.resolve(servers, ALICE)
    expect(after).toEqual(before)
    expect(after?.env).toEqual({ X: 'of-alicevalue-of-a2' })
    expect(await tenant.plain('B')).toBe('value-of-b')
    expect(await tenant.list()).toMatchObject([
      { name: 'A', version: 2, keyId: 'new' },
      { name: 'B', version: 1, keyId: 'new' },
    ])
  })

  test('re-encrypts more secrets than fit into memory at once', async () => {
    const tenant = vault('many')
    const names = Array.from({ length: 150 }, (_, n) => `N${n}`)
    await tenant.putAll(names.map((name) => ({ name, value: `value-of-${name}` })))

    await worker.restart({ MASTER_KEY: `${NEW},${OLD}` })
    expect(await tenant.rewrap()).toMatchObject({ rewrapped: 150, failed: 0 })

    await worker.restart({ MASTER_KEY: NEW })
    for (const name of ['N0', 'N63', 'N64', 'N149']) {
      expect(await tenant.plain(name)).toBe(`value-of-${name}`)
    }
  })

  test('that opens none of many counts all, and names the first twenty', async () => {
    const tenant = vault('none-of-many')
    const names = Array.from({ length: 64 }, (_, n) => `N${n}`)
    await tenant.putAll(names.map((name) => ({ name, principal: ALICE, value: 'of-alice' })))

    await worker.restart({ MASTER_KEY: NEW })
    const { failed, failures } = await tenant.rewrap()

    expect([failed, failures.length]).toEqual([64, 20])
    expect(failures[0]).toMatchObject({ name: 'N0', principal: ALICE })
  })

  test('in the place of the former one makes what it encrypted unusable, and nothing else', async () => {
    const tenant = vault('lost')
    await tenant.put({ name: 'A', value: 'value-of-a' })
    await worker.restart({ MASTER_KEY: NEW })
    await tenant.put({ name: 'B', value: 'value-of-b' })
    const servers = {
      ...server({ X: '${secret:A}' }),
      two: { command: 'node', env: { X: '${secret:B}' } },
    }
    const why = '${secret:A}: it is encrypted under the master key old, which is not there'

    const resolved = await tenant.resolve(servers)

    expect(resolved.one).toMatchObject({ env: {}, unusable: [why] })
    expect(resolved.two?.env).toEqual({ X: 'value-of-b' })
    await expect(tenant.plain('A')).rejects.toMatchObject({ code: 'secret_unusable' })
    expect(await tenant.rewrap()).toEqual({
      ...{ rewrapped: 0, failed: 1 },
      failures: [{ name: 'A', why: why.replace('${secret:A}: ', '') }],
    })
    expect(await tenant.put({ name: 'A', value: 'anew' })).toMatchObject({ version: 2 })
    expect(await tenant.plain('A')).toBe('anew')

    await worker.restart({ MASTER_KEY: OLD })
    expect(await unusable(tenant, 'B')).toHaveLength(1)
  })

  test('of the same id is noticed', async () => {
    const tenant = vault('swapped')
    await tenant.put({ name: 'A', value: 'value-of-a' })

    await worker.restart({ MASTER_KEY: NEW.replace('new', 'old') })

    expect(await unusable(tenant, 'A')).toEqual(['${secret:A}: it does not decrypt'])
  })
})

test.each(['', 'short', 'g'.repeat(64)])('the master key "%s" stores nothing', async (key) => {
  const tenant = vault('unkeyed')
  await worker.restart({ MASTER_KEY: key })

  await expect(tenant.put({ name: 'A', value: 'value' })).rejects.toMatchObject({
    code: 'TypeError',
  })

  expect(await tenant.list()).toEqual([])
  expect(await tenant.resolve({ one: { command: 'node' } })).toHaveProperty('one.unusable', [])
})
