/** Every SQL string of the directory, and its schema: steps are only ever appended. */
import { migrate } from '../migrate.ts'

const STEPS: readonly string[] = [
  `CREATE TABLE tenant (
     name TEXT PRIMARY KEY,
     created_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
]

export interface TenantEntry {
  name: string
  createdAt: number
}

/** Enough that what calls write has room, too. */
const TRIED_BYTES = 524_288

export class DirectoryStore {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
    this.#sql = storage.sql
    migrate(storage, STEPS)
  }

  /** Leaves one that is there as it is. */
  add(name: string, now: number): void {
    this.#sql.exec(
      'INSERT INTO tenant (name, created_at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING',
      ...[name, now],
    )
  }

  remove(name: string): void {
    this.#sql.exec('DELETE FROM tenant WHERE name = ?', name)
  }

  async tryToWrite(): Promise<void> {
    this.#storage.kv.put('tried', new Uint8Array(TRIED_BYTES))
    await this.#storage.sync()
    this.#storage.kv.delete('tried')
  }

  has(name: string): boolean {
    return this.#sql.exec('SELECT 1 FROM tenant WHERE name = ?', name).toArray().length > 0
  }

  /** By name. */
  list(after: string, limit: number): TenantEntry[] {
    return this.#sql
      .exec<TenantEntry & Record<string, SqlStorageValue>>(
        `SELECT name, created_at AS createdAt FROM tenant WHERE name > ? ORDER BY name LIMIT ?`,
        ...[after, limit],
      )
      .toArray()
  }
}
