/** Every SQL string of the audit log. Rows are appended and, when old, deleted; never changed. */
import type { AuditQuery } from '#protocol/tenant-stub.ts'

export interface AuditRow {
  id: number
  time: number
  by: string
  credential: string
  address: string | null
  requestId: string
  action: string
  target: string | null
  outcome: string
  /** JSON. */
  detail: string | null
}

/** `before` is an id. */
export type AuditFilter = Omit<AuditQuery, 'cursor'> & { before: number }

const COLUMNS =
  'id, time, by, credential, address, request_id AS requestId, action, target, outcome, detail'

export class AuditStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Returns the row's id. Ids grow, and are never used again. */
  append(row: Omit<AuditRow, 'id'>): number {
    const { time, by, credential, address, requestId, action, target, outcome, detail } = row
    return this.#sql
      .exec<{ id: number }>(
        `INSERT INTO audit
           (time, by, credential, address, request_id, action, target, outcome, detail)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
        ...[time, by, credential, address, requestId, action, target, outcome, detail],
      )
      .one().id
  }

  /** Newest first. */
  find({ before, limit, action, by, since, until }: AuditFilter): AuditRow[] {
    return this.#sql
      .exec<AuditRow & Record<string, SqlStorageValue>>(
        `SELECT ${COLUMNS} FROM audit
         WHERE id < ?1 AND (?2 IS NULL OR action = ?2) AND (?3 IS NULL OR by = ?3)
           AND (?4 IS NULL OR time >= ?4) AND (?5 IS NULL OR time < ?5)
         ORDER BY id DESC LIMIT ?6`,
        ...[before, action ?? null, by ?? null, since ?? null, until ?? null, limit],
      )
      .toArray()
  }

  deleteOlder(than: number): void {
    this.#sql.exec('DELETE FROM audit WHERE time < ?', than)
  }

  /** Keeps the newest rows, and of those that are refusals the newest ones. */
  trim(maxRows: number, maxRefusals: number): void {
    this.#sql.exec(
      `DELETE FROM audit
       WHERE id <= (SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET ?)`,
      maxRows,
    )
    this.#sql.exec(
      `DELETE FROM audit WHERE outcome <> 'ok' AND id <=
         (SELECT id FROM audit WHERE outcome <> 'ok' ORDER BY id DESC LIMIT 1 OFFSET ?)`,
      maxRefusals,
    )
  }

  isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM audit LIMIT 1').toArray().length === 0
  }
}
