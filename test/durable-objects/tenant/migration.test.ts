/** A database as the first version wrote it. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorker, type RunningWorker } from '../../worker/start-worker.ts'
import { editTenant, hasToken } from './stored.ts'
import { createTenant, isAccepted, type TenantFixture } from './tenant-fixture.ts'

const PEPPER = 'pepper-of-the-first-version'
const TOKEN = `hearth_old_0a0b0c0d_${'7'.repeat(64)}`
const CREATED_AT = 1_795_260_011_738
const SERVERS = '{"echo":{"command":"node","args":["a.mjs"]}}'

const VERSION_1 = `CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT;
   INSERT INTO schema_version (version) VALUES (1);
   CREATE TABLE config (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     version INTEGER NOT NULL,
     servers TEXT NOT NULL,
     updated_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE token (
     key_id TEXT PRIMARY KEY,
     name TEXT NOT NULL,
     hash BLOB NOT NULL,
     created_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`

let worker: RunningWorker
let tenant: TenantFixture

beforeAll(async () => {
  worker = await startWorker()
  tenant = await createTenant(worker, 'old')
  const { info } = await tenant.createToken()
  await worker.restart({ TOKEN_PEPPER: `2:new,1:${PEPPER}` }, () =>
    editTenant(worker, hasToken(info.keyId), (database) => {
      const tables = database
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '*_*'")
        .all()
      for (const { name } of tables) database.exec(`DROP TABLE ${String(name)}`)
      database.exec('DROP TABLE schema_version')
      database.exec(VERSION_1)
      database.prepare('INSERT INTO config VALUES (1, 3, ?, ?)').run(SERVERS, CREATED_AT)
      const hash = createHmac('sha256', PEPPER).update(TOKEN).digest()
      database
        .prepare('INSERT INTO token VALUES (?, ?, ?, ?)')
        .run('0a0b0c0d', 'hearth up', hash, CREATED_AT)
    }),
  )
})

afterAll(() => worker.stop())

test('tokens of the first version are accepted, with what they could do', async () => {
  expect(await isAccepted(worker, TOKEN)).toBe(true)

  expect(await tenant.info('0a0b0c0d')).toEqual({
    ...{ keyId: '0a0b0c0d', principal: 'token:0a0b0c0d', name: 'hearth up' },
    ...{ grants: { scopes: ['*'] }, createdAt: CREATED_AT, createdBy: 'operator' },
    lastUsedAt: expect.any(Number) as number,
  })
})

test('a configuration of the first version has its defaults, and its version goes on', async () => {
  const { body } = await tenant.send<{ version: number; servers: object }>('GET', 'servers')
  const { body: put } = await tenant.send('PUT', 'servers/other', { command: 'node' })

  expect(body.version).toBe(3)
  expect(body.servers).toMatchObject({ echo: { args: ['a.mjs'], requiredScopes: [], limits: [] } })
  expect(put).toEqual({ version: 4 })
})

test('what came with later versions is there', async () => {
  const { send } = tenant
  expect((await send('GET', 'limits')).body).toEqual({ limits: [], shards: 1 })
  expect((await send('GET', 'issuers')).body).toEqual({ issuers: [], withoutSecret: [] })
  expect((await send('PUT', 'secrets/KEY', { value: 'x' })).status).toBe(200)
  expect(await tenant.actions()).toContain('secret.put KEY')
})
