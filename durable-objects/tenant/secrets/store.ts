/** Every SQL string of a tenant's secrets. Knows ciphertext alone. */
import type { SecretInfo } from '#protocol/tenant.ts'
import type { Sealed } from './cipher.ts'

/** `principal` is empty for the tenant's own secrets. `revision` is random: a version may come again. */
export const SECRET_STEP = `CREATE TABLE secret (
     principal TEXT NOT NULL,
     name TEXT NOT NULL,
     version INTEGER NOT NULL,
     revision TEXT NOT NULL,
     key_id TEXT NOT NULL,
     iv BLOB NOT NULL,
     data BLOB NOT NULL,
     updated_at INTEGER NOT NULL,
     PRIMARY KEY (principal, name)
   ) STRICT`

/** Whose secret, and which. */
export interface SecretName {
  name: string
  /** Absent for the tenant's own. */
  principal?: string | undefined
}

/** What is known of a secret without its ciphertext. */
export interface SecretHead {
  version: number
  /** Changes with each value, and not when the same value is encrypted anew. */
  revision: string
  /** Of the ciphertext. */
  bytes: number
}

export interface SecretRow extends Sealed {
  principal: string
  name: string
  version: number
}

interface StoredRow extends Record<string, SqlStorageValue> {
  principal: string
  name: string
  version: number
  key_id: string
  iv: ArrayBuffer
  data: ArrayBuffer
}

export class SecretStore {
  readonly #sql: SqlStorage

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql
  }

  list(principal = ''): SecretInfo[] {
    return this.#sql
      .exec<{ name: string; version: number; key_id: string; updated_at: number }>(
        'SELECT name, version, key_id, updated_at FROM secret WHERE principal = ? ORDER BY name',
        principal,
      )
      .toArray()
      .map(({ name, version, key_id, updated_at }) => ({
        name,
        ...(principal === '' ? {} : { principal }),
        version,
        keyId: key_id,
        updatedAt: updated_at,
      }))
  }

  head({ name, principal = '' }: SecretName): SecretHead | undefined {
    return this.#sql
      .exec<{ version: number; revision: string; bytes: number }>(
        `SELECT version, revision, length(data) AS bytes FROM secret
         WHERE principal = ? AND name = ?`,
        ...[principal, name],
      )
      .toArray()[0]
  }

  row({ name, principal = '' }: SecretName): SecretRow | undefined {
    const rows = this.#sql.exec<StoredRow>(
      `SELECT principal, name, version, key_id, iv, data FROM secret
       WHERE principal = ? AND name = ?`,
      ...[principal, name],
    )
    return rows.toArray().map(toRow)[0]
  }

  /** Secrets of one principal, or with an empty one the tenant's own. */
  count(principal: string): number {
    return this.#sql
      .exec<{ count: number }>(
        'SELECT count(*) AS count FROM secret WHERE principal = ?',
        principal,
      )
      .one().count
  }

  /** Secrets of all principals together, the tenant's own not counted. */
  personalCount(): number {
    return this.#sql
      .exec<{ count: number }>("SELECT count(*) AS count FROM secret WHERE principal <> ''")
      .one().count
  }

  put(row: SecretRow, revision: string, now: number): void {
    const { principal, name, version, keyId, iv, data } = row
    this.#sql.exec(
      `INSERT OR REPLACE INTO secret
         (principal, name, version, revision, key_id, iv, data, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[principal, name, version, revision, keyId, iv, data, now],
    )
  }

  /** Puts the same value under another key. False when the row has changed since it was read. */
  rewrap({ principal, name, iv: formerIv }: SecretRow, { keyId, iv, data }: Sealed): boolean {
    const changed = this.#sql.exec(
      `UPDATE secret SET key_id = ?, iv = ?, data = ?
       WHERE principal = ? AND name = ? AND iv = ?`,
      ...[keyId, iv, data, principal, name, formerIv],
    )
    return changed.rowsWritten > 0
  }

  /** False when there is none. */
  delete({ name, principal = '' }: SecretName): boolean {
    const gone = this.#sql.exec(
      'DELETE FROM secret WHERE principal = ? AND name = ?',
      ...[principal, name],
    )
    return gone.rowsWritten > 0
  }

  /** The rows after one, in order. */
  after({ principal = '', name }: Required<SecretName>, most: number): SecretRow[] {
    return this.#sql
      .exec<StoredRow>(
        `SELECT principal, name, version, key_id, iv, data FROM secret
         WHERE (principal, name) > (?, ?) ORDER BY principal, name LIMIT ?`,
        ...[principal, name, most],
      )
      .toArray()
      .map(toRow)
  }
}

function toRow({ principal, name, version, key_id, iv, data }: StoredRow): SecretRow {
  return { principal, name, version, keyId: key_id, iv, data }
}
