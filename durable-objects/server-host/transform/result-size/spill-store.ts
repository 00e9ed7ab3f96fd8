/** Every SQL string of results that were spilled. A row holds 2 MB at most, so data is in pieces. */

export interface SpillRow {
  id: string
  server: string
  principal: string
  mimeType: string
  bytes: number
  /** `Date.now()` from which on it is not there. */
  endsAt: number
}

const MAX_PIECE_BYTES = 1_900_000

export class SpillStore {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
    this.#sql = storage.sql
  }

  add({ id, server, principal, mimeType, bytes, endsAt }: SpillRow, data: Uint8Array): void {
    this.#storage.transactionSync(() => {
      this.#sql.exec(
        `INSERT INTO spills (id, server, principal, mime_type, bytes, ends_at)
         VALUES (?, ?, ?, ?, ?, ?)`,
        ...[id, server, principal, mimeType, bytes, endsAt],
      )
      for (let piece = 0; piece * MAX_PIECE_BYTES < data.length; piece++) {
        const part = data.slice(piece * MAX_PIECE_BYTES, (piece + 1) * MAX_PIECE_BYTES)
        this.#sql.exec(
          'INSERT INTO spill_pieces (id, piece, data) VALUES (?, ?, ?)',
          id,
          piece,
          part,
        )
      }
    })
  }

  get(id: string): SpillRow | undefined {
    return this.#sql
      .exec<SpillRow & Record<string, SqlStorageValue>>(
        `SELECT id, server, principal, mime_type AS mimeType, bytes, ends_at AS endsAt
         FROM spills WHERE id = ?`,
        id,
      )
      .toArray()[0]
  }

  data({ id, bytes }: SpillRow): Uint8Array {
    const whole = new Uint8Array(bytes)
    let at = 0
    const pieces = this.#sql.exec<{ data: ArrayBuffer }>(
      'SELECT data FROM spill_pieces WHERE id = ? ORDER BY piece',
      id,
    )
    for (const { data } of pieces) {
      whole.set(new Uint8Array(data), at)
      at += data.byteLength
    }
    return whole
  }

  /**
   * Deletes what has ended, and beyond so many rows or bytes the oldest of whoever has most, as long as it
   * has most. The newest of all stays: somebody is about to be told of it.
   */
  trim(now: number, maxRows: number, maxBytes: number): void {
    this.#storage.transactionSync(() => {
      this.#sql.exec(
        `DELETE FROM spills WHERE ends_at <= ?1 OR id IN (
           SELECT id FROM (
             SELECT id, position,
               row_number() OVER (ORDER BY place, position DESC) AS age,
               sum(bytes) OVER (ORDER BY weight, position DESC) AS total
             FROM (
               SELECT id, position, bytes,
                 row_number() OVER own AS place, sum(bytes) OVER own AS weight
               FROM spills WINDOW own AS (PARTITION BY principal ORDER BY position DESC)))
           WHERE (age > ?2 OR total > ?3) AND position < (SELECT max(position) FROM spills))`,
        ...[now, maxRows, maxBytes],
      )
      this.#sql.exec('DELETE FROM spill_pieces WHERE id NOT IN (SELECT id FROM spills)')
    })
  }

  clear(): void {
    this.#sql.exec('DELETE FROM spill_pieces')
    this.#sql.exec('DELETE FROM spills')
  }
}
