/** Servers whose lists could not be had in time when they were asked last, by launch digest: nobody waits for them. */
import type { ListKind } from '../../translate/list-kinds.ts'

/** The oldest leave. */
const MAX_LATE = 2_000

export class LateStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** The code of why one of its lists was not there. */
  find(digest: string): string | undefined {
    return this.#sql
      .exec<{ code: string }>(
        'SELECT code FROM late_lists WHERE digest = ? ORDER BY noted DESC LIMIT 1',
        digest,
      )
      .toArray()[0]?.code
  }

  note(digest: string, kind: ListKind, code: string, now: number): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO late_lists (digest, kind, code, noted) VALUES (?, ?, ?, ?)',
      ...[digest, kind, code, now],
    )
    this.#sql.exec(
      `DELETE FROM late_lists WHERE (digest, kind) IN (
         SELECT digest, kind FROM late_lists ORDER BY noted DESC LIMIT -1 OFFSET ?)`,
      MAX_LATE,
    )
  }

  forget(digest: string, kind: ListKind): void {
    this.#sql.exec('DELETE FROM late_lists WHERE digest = ? AND kind = ?', digest, kind)
  }
}
