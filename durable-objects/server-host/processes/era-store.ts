/** What servers answered when they were asked for their eras, by launch digest. */

/** Each version of a secret, and each principal of a personal server, has its own. */
const MAX_ERAS = 2_000

/** Answers as JSON text; `null`: the server does not speak that era, or was not asked. */
export interface EraRow {
  discover: string | null
  initialize: string | null
}

export class EraStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  get(digest: string): EraRow | undefined {
    return this.#sql
      .exec<EraRow & Record<string, SqlStorageValue>>(
        'SELECT discover, initialize FROM eras WHERE digest = ?',
        digest,
      )
      .toArray()[0]
  }

  save(digest: string, { discover, initialize }: EraRow, now: number): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO eras (digest, discover, initialize, probed) VALUES (?, ?, ?, ?)',
      ...[digest, discover, initialize, now],
    )
    this.#sql.exec(
      'DELETE FROM eras WHERE digest IN (SELECT digest FROM eras ORDER BY probed DESC LIMIT -1 OFFSET ?)',
      MAX_ERAS,
    )
  }
}
