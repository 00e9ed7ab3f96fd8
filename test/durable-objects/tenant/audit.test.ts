import type { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditEvent } from '#protocol/tenant.ts'
import { createSend, expectCode } from '../../worker/admin/send.ts'
import { ADMIN_TOKEN, startWorker, type RunningWorker } from '../../worker/start-worker.ts'
import { editTenant, hasToken } from './stored.ts'
import { createTenant, type TenantFixture } from './tenant-fixture.ts'

let worker: RunningWorker

beforeAll(async () => {
  worker = await startWorker()
})

afterAll(() => worker.stop())

const DAY_MS = 86_400_000

/** One row for each change, and for each kind of change. */
async function changeEverything({ send, createToken, rotate }: TenantFixture): Promise<void> {
  await send('PUT', 'servers/other', { command: 'node', env: { KEY: 'hidden-value' } })
  await send('DELETE', 'servers/other')
  await send('PUT', 'limits', {
    limits: [{ name: 'all', per: 'tenant', algorithm: 'concurrency', limit: 4 }],
  })
  await send('PUT', 'issuers', { issuers: [] })
  await send('PUT', 'secrets/KEY', { value: 'hidden-value' })
  await send('PUT', 'principals/jwt:idp:user%201/secrets/KEY', { value: 'hidden-value' })
  await send('DELETE', 'secrets/KEY')
  await send('POST', 'secrets/rewrap')
  const { info } = await createToken({ name: 'ci' })
  await rotate(info.keyId, 0)
}

describe('the audit log', () => {
  test('has one row for each change, and no value', async () => {
    const tenant = await createTenant(worker, 'changing')
    await changeEverything(tenant)

    const { items } = await tenant.audit()

    expect(items.map(({ action }) => action).toReversed()).toEqual([
      ...['tenant.create', 'servers.put', 'server.put', 'server.delete', 'limits.put'],
      ...['issuers.put', 'secret.put', 'secret.put', 'secret.delete', 'secrets.rewrap'],
      ...['token.create', 'token.rotate'],
    ])
    expect(items.every(({ outcome }) => outcome === 'ok')).toBe(true)
    expect(items.find(({ detail }) => detail?.principal)).toMatchObject({
      ...{
        action: 'secret.put',
        target: 'KEY',
        detail: { principal: 'jwt:idp:user 1', version: 1 },
      },
    })
    const text = JSON.stringify(items)
    for (const hidden of ['hidden-value', ADMIN_TOKEN, 'hearth_changing_']) {
      expect(text).not.toContain(hidden)
    }
  })

  test('says who, when and with which request', async () => {
    const { send, createToken, audit } = await createTenant(worker, 'telling')
    const { token, info } = await createToken({ name: 'owner', grants: { scopes: ['admin'] } })

    const before = Date.now()
    const answer = await createSend(worker, token)('PUT', 'tenants/telling/servers', {})
    await send('DELETE', `tokens/${info.keyId}`)

    const { items } = await audit('?action=servers.put&limit=1')
    expect(items).toEqual([
      {
        id: expect.any(Number) as number,
        time: expect.any(Number) as number,
        actor: {
          ...{ by: `token:${info.keyId}`, credential: `token:${info.keyId}` },
          requestId: answer.headers.get('X-Request-Id'),
        },
        ...{ action: 'servers.put', outcome: 'ok', detail: { version: 2, removed: ['echo'] } },
      },
    ])
    expect(items[0]!.time).toBeGreaterThanOrEqual(before)
  })

  test('does not believe a client about its address', async () => {
    const { send, audit } = await createTenant(worker, 'placed')

    await send('PUT', 'servers', {}, { 'CF-Connecting-IP': '192.0.2.1' })

    expect((await audit()).items[0]!.actor).not.toHaveProperty('from')
  })

  test('is read in pages, which changes meanwhile do not move', async () => {
    const { createToken, audit } = await createTenant(worker, 'paged')
    for (let at = 0; at < 5; at++) await createToken({ name: `t${at}` })

    const seen: AuditEvent[] = []
    let cursor: string | undefined
    do {
      const page = await audit(`?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`)
      seen.push(...page.items)
      cursor = page.cursor
      await createToken({ name: 'meanwhile' })
    } while (cursor !== undefined)

    expect(seen.map(({ detail }) => detail?.name)).toEqual([
      't4',
      't3',
      't2',
      't1',
      't0',
      undefined,
      undefined,
    ])
  })

  test('is filtered by action, by who, and by time', async () => {
    const { send, createToken, audit } = await createTenant(worker, 'filtered')
    const { token, info } = await createToken({ name: 'owner', grants: { scopes: ['admin'] } })
    await createSend(worker, token)('PUT', 'tenants/filtered/servers', {})
    const last = (await audit('?limit=1')).items[0]!.time
    const count = async (query: string) => (await audit(query)).items.length

    expect(await count('?action=token.create')).toBe(1)
    expect(await count(`?by=token:${info.keyId}`)).toBe(1)
    expect(await count('?by=operator')).toBe(3)
    expect(await count(`?by=operator&action=servers.put`)).toBe(1)
    expect(await count(`?since=${last + 1}`)).toBe(0)
    expect(await count(`?since=${last}`)).toBeGreaterThan(0)
    expect(await count(`?until=1`)).toBe(0)
    for (const query of ['?limit=0', '?limit=1001', '?since=x', '?cursor=x', '?other=1']) {
      expectCode(await send('GET', `audit${query}`), 400, 'invalid_params')
    }
  })

  test('is exported as JSON Lines, all of it', async () => {
    const { createToken, send } = await createTenant(worker, 'exported')
    const { info } = await createToken()
    await worker.restart({}, () =>
      editTenant(worker, hasToken(info.keyId), (db) => fill(db, 2_500)),
    )

    const answer = await send('GET', 'audit?format=jsonl&action=filled')
    const accepted = await send('GET', 'audit', undefined, { Accept: 'application/x-ndjson' })

    const ids = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as AuditEvent).id)
    expect(answer.headers.get('Content-Type')).toBe('application/x-ndjson')
    expect(ids).toHaveLength(2_500)
    expect(ids).toEqual(ids.toSorted((a, b) => b - a))
    expect(accepted.text.trimEnd().split('\n')).toHaveLength(2_503)
  })
})

describe('the audit log is bounded', () => {
  test('by rows: the oldest are deleted', async () => {
    const { createToken, send } = await createTenant(worker, 'full')
    const { info } = await createToken()
    await worker.restart({}, () =>
      editTenant(worker, hasToken(info.keyId), (db) => fill(db, 100_050)),
    )

    // A trim happens at least once in so many rows.
    for (let at = 0; at < 64; at++) await send('PUT', 'secrets/KEY', { value: `v${at}` })

    await worker.restart({}, () =>
      editTenant(worker, hasToken(info.keyId), (database) => {
        expect(countRows(database)).toBeLessThanOrEqual(100_064)
        const oldest = database.prepare('SELECT min(id) AS id FROM audit').get()
        expect(oldest?.id).toBeGreaterThan(50)
      }),
    )
  })

  test('by rows of refusals, which do not drive changes out', async () => {
    const { createToken, send } = await createTenant(worker, 'refused')
    const { info } = await createToken()
    await worker.restart({}, () =>
      editTenant(worker, hasToken(info.keyId), (db) => fill(db, 30_000, 'forbidden')),
    )

    for (let at = 0; at < 64; at++) await send('PUT', 'secrets/KEY', { value: `v${at}` })

    await worker.restart({}, () =>
      editTenant(worker, hasToken(info.keyId), (database) => {
        expect(countRows(database, "outcome = 'forbidden'")).toBe(10_000)
        expect(countRows(database, "outcome = 'ok'")).toBe(67)
      }),
    )
  })

  test('by age: what is older than 90 days is not told', async () => {
    const { createToken, audit } = await createTenant(worker, 'aged')
    const { info } = await createToken()
    await worker.restart({}, () =>
      editTenant(worker, hasToken(info.keyId), (database) => {
        database.exec('DROP TRIGGER audit_is_append_only')
        database.prepare('UPDATE audit SET time = time - ? WHERE id <= 2').run(90 * DAY_MS)
      }),
    )

    expect((await audit()).items.map(({ action }) => action)).toEqual(['token.create'])
  })

  test('by its own rule: no row is changed', async () => {
    const { createToken } = await createTenant(worker, 'lasting')
    const { info } = await createToken()

    await worker.restart({}, () =>
      editTenant(worker, hasToken(info.keyId), (database) => {
        expect(() => database.exec("UPDATE audit SET by = 'x'")).toThrow('are not changed')
      }),
    )
  })
})

function fill(database: DatabaseSync, rows: number, outcome = 'ok'): void {
  const insert = database.prepare(
    `INSERT INTO audit (time, by, credential, request_id, action, outcome)
     VALUES (?, 'operator', 'operator', 'r', 'filled', ?)`,
  )
  const now = Date.now()
  database.exec('BEGIN')
  for (let at = 0; at < rows; at++) insert.run(now, outcome)
  database.exec('COMMIT')
}

function countRows(database: DatabaseSync, where = 'true'): number {
  const row = database.prepare(`SELECT count(*) AS count FROM audit WHERE ${where}`).get()
  return Number(row?.count)
}
