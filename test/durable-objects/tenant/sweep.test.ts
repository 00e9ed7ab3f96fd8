import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorker, type RunningWorker } from '../../worker/start-worker.ts'
import { editTenant, hasToken } from './stored.ts'
import { createTenant } from './tenant-fixture.ts'

let worker: RunningWorker

beforeAll(async () => {
  worker = await startWorker(join(import.meta.dirname, 'sweeping-worker.mjs'))
})

afterAll(() => worker.stop())

const DAY_MS = 86_400_000

async function ask(path: 'sweep' | 'alarm', tenant: string): Promise<number | null> {
  const response = await fetch(new URL(`/${path}?tenant=${tenant}`, worker.url))
  return ((await response.json()) as { alarm: number | null }).alarm
}

test('a change sets the alarm, and later ones do not put it off', async () => {
  const before = Date.now()
  const { createToken } = await createTenant(worker, 'waking')
  const first = await ask('alarm', 'waking')
  await createToken()

  expect(first).toBeGreaterThanOrEqual(before + DAY_MS)
  expect(await ask('alarm', 'waking')).toBe(first)
})

test('the alarm deletes what is old, and is not set again when nothing is left', async () => {
  const { send, createToken } = await createTenant(worker, 'swept')
  const [revoked, living] = [await createToken(), await createToken()]
  await send('DELETE', `tokens/${revoked.info.keyId}`)
  await worker.restart({}, () =>
    editTenant(worker, hasToken(living.info.keyId), (database) => {
      database.exec('DROP TRIGGER audit_is_append_only')
      database.prepare('UPDATE audit SET time = time - ?').run(90 * DAY_MS)
      database.prepare('UPDATE token SET revoked_at = revoked_at - ?').run(30 * DAY_MS)
    }),
  )

  expect(await ask('sweep', 'swept')).toBeNull()

  await worker.restart({}, () =>
    editTenant(worker, hasToken(living.info.keyId), (database) => {
      expect(database.prepare('SELECT key_id FROM token').all()).toEqual([
        { key_id: living.info.keyId },
      ])
      expect(database.prepare('SELECT count(*) AS rows FROM audit').get()).toEqual({ rows: 0 })
    }),
  )
})

test('the alarm comes again while something will be old', async () => {
  await createTenant(worker, 'young')

  expect(await ask('sweep', 'young')).toBeGreaterThan(Date.now())
})
