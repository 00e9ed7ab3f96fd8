/** Every SQL string of a tenant's tokens. Knows rows, not what they mean. */

export interface TokenRow {
  keyId: string
  hash: ArrayBuffer
  /** Id of the pepper under which `hash` was made. */
  pepper: string
  principal: string
  name: string
  /** `Grants` as JSON. */
  grants: string
  createdAt: number
  createdBy: string
  expiresAt: number | null
  lastUsedAt: number | null
  revokedAt: number | null
  replacedBy: string | null
}

const COLUMNS = `key_id AS keyId, hash, pepper, principal, name, grants, created_at AS createdAt,
  created_by AS createdBy, expires_at AS expiresAt, last_used_at AS lastUsedAt,
  revoked_at AS revokedAt, replaced_by AS replacedBy`

/** A row's end: it was revoked, or it expires, whichever comes first; never is NULL. */
const ENDED_AT = 'coalesce(min(revoked_at, expires_at), revoked_at, expires_at)'

type Selected = TokenRow & Record<string, SqlStorageValue>

export class TokenStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  get(keyId: string): TokenRow | undefined {
    return this.#sql
      .exec<Selected>(`SELECT ${COLUMNS} FROM token WHERE key_id = ?`, keyId)
      .toArray()[0]
  }

  /** Those that live, and those that ended after `endedAfter`. Oldest first. */
  list(endedAfter: number): TokenRow[] {
    return this.#sql
      .exec<Selected>(
        `SELECT ${COLUMNS} FROM token WHERE ${ENDED_AT} IS NULL OR ${ENDED_AT} > ?
         ORDER BY created_at, key_id`,
        endedAfter,
      )
      .toArray()
  }

  /** Tokens that are good at this time. */
  countLive(now: number): number {
    return this.#sql
      .exec<{ count: number }>(
        `SELECT count(*) AS count FROM token WHERE ${ENDED_AT} IS NULL OR ${ENDED_AT} > ?`,
        now,
      )
      .one().count
  }

  /** Whether this key id is, or was, the name of a principal that has tokens. */
  isTaken(keyId: string): boolean {
    return (
      this.#sql
        .exec('SELECT 1 FROM token WHERE key_id = ? OR principal = ?', keyId, `token:${keyId}`)
        .toArray().length > 0
    )
  }

  insert(row: TokenRow): void {
    this.#sql.exec(
      `INSERT INTO token
         (key_id, hash, pepper, principal, name, grants, created_at, created_by, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[row.keyId, row.hash, row.pepper, row.principal, row.name, row.grants],
      ...[row.createdAt, row.createdBy, row.expiresAt],
    )
  }

  /** All of a registration that may change. */
  register(
    row: Pick<TokenRow, 'keyId' | 'hash' | 'pepper' | 'name' | 'grants' | 'expiresAt'>,
  ): void {
    this.#sql.exec(
      `UPDATE token SET hash = ?, pepper = ?, name = ?, grants = ?, expires_at = ?
       WHERE key_id = ?`,
      ...[row.hash, row.pepper, row.name, row.grants, row.expiresAt, row.keyId],
    )
  }

  /** Only while the hash is still the one of that pepper. */
  rehash(keyId: string, from: string, hash: ArrayBuffer, to: string): void {
    this.#sql.exec(
      'UPDATE token SET hash = ?, pepper = ? WHERE key_id = ? AND pepper = ?',
      ...[hash, to, keyId, from],
    )
  }

  use(keyId: string, now: number): void {
    this.#sql.exec('UPDATE token SET last_used_at = ? WHERE key_id = ?', now, keyId)
  }

  replace(keyId: string, by: string, expiresAt: number): void {
    this.#sql.exec(
      'UPDATE token SET replaced_by = ?, expires_at = ? WHERE key_id = ?',
      ...[by, expiresAt, keyId],
    )
  }

  revoke(keyId: string, now: number): void {
    this.#sql.exec('UPDATE token SET revoked_at = ? WHERE key_id = ?', now, keyId)
  }

  deleteEnded(before: number): void {
    this.#sql.exec(`DELETE FROM token WHERE ${ENDED_AT} <= ?`, before)
  }

  /** Of those that have ended, the ones that ended first beyond the newest `max`. */
  trimEnded(now: number, max: number): void {
    this.#sql.exec(
      `DELETE FROM token WHERE key_id IN
         (SELECT key_id FROM token WHERE ${ENDED_AT} <= ? ORDER BY ${ENDED_AT} DESC
          LIMIT -1 OFFSET ?)`,
      ...[now, max],
    )
  }

  /** Whether any has an end. */
  hasEnds(): boolean {
    return (
      this.#sql.exec(`SELECT 1 FROM token WHERE ${ENDED_AT} IS NOT NULL LIMIT 1`).toArray().length >
      0
    )
  }
}
