/** Which spilled results go when there are too many, by the SQL that says so. */
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { SpillStore } from '#durable-objects/server-host/transform/result-size/spill-store.ts'

const NOW = 1_795_000_000_000
const MOST = 1_000

function createStore() {
  const database = new DatabaseSync(':memory:')
  database.exec(`CREATE TABLE spills (
      position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, server TEXT NOT NULL,
      principal TEXT NOT NULL, mime_type TEXT NOT NULL, bytes INTEGER NOT NULL,
      ends_at INTEGER NOT NULL);
    CREATE TABLE spill_pieces (id TEXT NOT NULL, piece INTEGER NOT NULL, data BLOB NOT NULL)`)
  const storage = {
    sql: {
      exec: (query: string, ...values: (string | number | Uint8Array)[]) => ({
        toArray: () => database.prepare(query).all(...values),
        ...(/^\s*(INSERT|DELETE)/.test(query) && database.prepare(query).run(...values)),
      }),
    },
    transactionSync: (work: () => void) => work(),
  }
  const store = new SpillStore(storage as never)
  const add = (principal: string, id: string, bytes = 1): void => {
    const row = { id, server: 'files', principal, mimeType: 'text/plain', bytes, endsAt: NOW + 1 }
    store.add(row, new Uint8Array(1))
    store.trim(NOW, MOST, MOST)
  }
  const ids = (): unknown[] =>
    database
      .prepare('SELECT id FROM spills ORDER BY position')
      .all()
      .map(({ id }) => id)
  return { add, ids, pieces: () => database.prepare('SELECT id FROM spill_pieces').all().length }
}

test('beyond so many the oldest of whoever has most goes', () => {
  const { add, ids, pieces } = createStore()
  add('modest', 'first')
  for (let n = 0; n < MOST + 10; n++) add('greedy', `of-${n}`)

  expect(ids()).toHaveLength(MOST)
  expect(ids().slice(0, 2)).toEqual(['first', 'of-11'])
  expect(pieces()).toBe(MOST)
})

test('beyond so many bytes the oldest of whoever has most bytes goes', () => {
  const { add, ids } = createStore()
  add('modest', 'first', 100)
  for (let n = 0; n < 5; n++) add('greedy', `of-${n}`, 300)

  expect(ids()).toEqual(['first', 'of-2', 'of-3', 'of-4'])
})

test('the newest stays, whatever the others have', () => {
  const { add, ids } = createStore()
  for (let n = 0; n < 10; n++) add(`principal-${n}`, `of-${n}`, 100)
  add('late', 'large', 500)

  expect(ids()).toContain('large')
  expect(ids().length).toBeGreaterThan(5)
})
