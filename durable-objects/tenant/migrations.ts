/**
 * The Tenant object's schema, one step a version. Steps are only ever appended.
 * They run before the first write, so that asking about a tenant that was never created stores nothing.
 */

const STEPS: readonly string[] = [
  `CREATE TABLE config (
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
   ) STRICT, WITHOUT ROWID`,
]

/** Whether anything was ever stored. Reads only. */
export function isMigrated(storage: DurableObjectStorage): boolean {
  const found = storage.sql.exec(
    "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'",
  )
  return found.toArray().length > 0
}

/** Brings the schema to the newest version. Idempotent. */
export function migrate(storage: DurableObjectStorage): void {
  storage.transactionSync(() => {
    storage.sql.exec('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT')
    const [row] = storage.sql.exec<{ version: number }>('SELECT version FROM schema_version')
    const from = row?.version ?? 0
    for (const step of STEPS.slice(from)) storage.sql.exec(step)
    if (row === undefined) {
      storage.sql.exec('INSERT INTO schema_version (version) VALUES (?)', STEPS.length)
    } else if (from < STEPS.length) {
      storage.sql.exec('UPDATE schema_version SET version = ?', STEPS.length)
    }
  })
}
