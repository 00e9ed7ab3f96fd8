/**
 * The Tenant object's schema, one step a version. Steps are only ever appended.
 * They run before the first write, so that asking about a tenant that was never created stores nothing.
 */
import { SECRET_STEP } from './secrets/store.ts'

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

  // Tokens get the columns that their policies need: those of before keep what they could do.
  `ALTER TABLE config ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
   UPDATE config SET created_at = updated_at;
   CREATE TABLE setting (
     name TEXT PRIMARY KEY,
     value TEXT NOT NULL,
     updated_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   ALTER TABLE token RENAME TO token_of_version_1;
   CREATE TABLE token (
     key_id TEXT PRIMARY KEY,
     hash BLOB NOT NULL,
     pepper TEXT NOT NULL,
     principal TEXT NOT NULL,
     name TEXT NOT NULL,
     grants TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     created_by TEXT NOT NULL,
     expires_at INTEGER,
     last_used_at INTEGER,
     revoked_at INTEGER,
     replaced_by TEXT
   ) STRICT, WITHOUT ROWID;
   INSERT INTO token
     (key_id, hash, pepper, principal, name, grants, created_at, created_by)
     SELECT key_id, hash, '1', 'token:' || key_id, name, '{"scopes":["*"]}', created_at, 'operator'
     FROM token_of_version_1;
   DROP TABLE token_of_version_1;
   CREATE TABLE audit (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     time INTEGER NOT NULL,
     by TEXT NOT NULL,
     credential TEXT NOT NULL,
     address TEXT,
     request_id TEXT NOT NULL,
     action TEXT NOT NULL,
     target TEXT,
     outcome TEXT NOT NULL,
     detail TEXT
   ) STRICT;
   CREATE INDEX audit_refusal ON audit (id) WHERE outcome <> 'ok';
   CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
     BEGIN SELECT RAISE(ABORT, 'audit rows are not changed'); END`,

  SECRET_STEP,
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
