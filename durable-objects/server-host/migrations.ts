/** The tables of a server host; docs/storage.md describes each. */
const STEPS = [
  `CREATE TABLE sessions (
     id TEXT PRIMARY KEY, server TEXT NOT NULL, principal TEXT NOT NULL, protocol TEXT NOT NULL,
     initialize TEXT NOT NULL, log_level TEXT, subscriptions TEXT NOT NULL DEFAULT '[]',
     created INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE streams (
     session TEXT NOT NULL, stream INTEGER NOT NULL, request TEXT, done INTEGER NOT NULL DEFAULT 0,
     PRIMARY KEY (session, stream)) WITHOUT ROWID;
   CREATE TABLE events (
     position INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, stream INTEGER NOT NULL,
     seq INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (session, stream, seq));
   CREATE TABLE eras (
     digest TEXT PRIMARY KEY, discover TEXT, initialize TEXT, probed INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE keys (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;`,
  `ALTER TABLE streams ADD COLUMN filter TEXT;
   ALTER TABLE sessions ADD COLUMN access TEXT;`,
]

/** Idempotent: runs the steps that this object's storage has not seen. */
export function migrate(storage: DurableObjectStorage): void {
  const done = (storage.kv.get('schema') as number | undefined) ?? 0
  for (let step = done; step < STEPS.length; step++) {
    storage.sql.exec(STEPS[step] ?? '')
    storage.kv.put('schema', step + 1)
  }
}
