/** The table of a rate limiter; docs/storage.md describes it. Steps are only ever appended. */
export const STEPS: readonly string[] = [
  `CREATE TABLE counters (
     limit_key TEXT NOT NULL, subject TEXT NOT NULL, state TEXT NOT NULL, fresh_at INTEGER NOT NULL,
     PRIMARY KEY (limit_key, subject)) STRICT, WITHOUT ROWID;
   CREATE INDEX counters_by_freshness ON counters (fresh_at)`,
]
