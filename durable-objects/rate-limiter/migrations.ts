/** The table of a rate limiter; docs/storage.md describes it. Steps are only ever appended. */
const STEPS = [
  `CREATE TABLE counters (
     limit_key TEXT NOT NULL, subject TEXT NOT NULL, state TEXT NOT NULL, fresh_at INTEGER NOT NULL,
     PRIMARY KEY (limit_key, subject)) STRICT, WITHOUT ROWID;
   CREATE INDEX counters_by_freshness ON counters (fresh_at)`,
]

/** Idempotent: runs the steps that this object's storage has not seen. */
export function migrate(storage: DurableObjectStorage): void {
  const done = (storage.kv.get('schema') as number | undefined) ?? 0
  for (let step = done; step < STEPS.length; step++) {
    storage.sql.exec(STEPS[step] ?? '')
    storage.kv.put('schema', step + 1)
  }
}
