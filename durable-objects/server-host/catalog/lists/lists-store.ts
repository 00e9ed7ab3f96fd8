/**
 * What servers offered when they were asked last: by launch digest, and by the capabilities of the
 * clients, on which it may depend. Kept while the container sleeps.
 */
import type { ListKind } from '../../translate/list-kinds.ts'

export interface ListKey {
  digest: string
  /** Canonical JSON. */
  capabilities: string
  kind: ListKind
}

export interface StoredList {
  /** A JSON array of the entries as the server wrote them. */
  entries: string
  /** What was left out, and why. */
  notes: string[]
  fetchedAt: number
}

/** A row holds 2 MB at most; a longer list is asked for again by the next object. */
const MAX_LIST_CHARS = 450_000
const MAX_LISTS = 2_000

export class ListsStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  get({ digest, capabilities, kind }: ListKey): StoredList | undefined {
    const [row] = this.#sql
      .exec<{ entries: string; notes: string; fetchedAt: number }>(
        `SELECT entries, notes, fetched AS fetchedAt FROM lists
         WHERE digest = ? AND capabilities = ? AND kind = ?`,
        ...[digest, capabilities, kind],
      )
      .toArray()
    return row && { ...row, notes: JSON.parse(row.notes) as string[] }
  }

  /** For which capabilities there is any list; those that were asked for last come first. */
  variants(digest: string): string[] {
    return this.#sql
      .exec<{ capabilities: string }>(
        `SELECT capabilities FROM lists WHERE digest = ?
         GROUP BY capabilities ORDER BY max(fetched) DESC`,
        digest,
      )
      .toArray()
      .map(({ capabilities }) => capabilities)
  }

  save({ digest, capabilities, kind }: ListKey, { entries, notes, fetchedAt }: StoredList): void {
    if (entries.length > MAX_LIST_CHARS) return
    this.#sql.exec(
      `INSERT OR REPLACE INTO lists (digest, capabilities, kind, entries, notes, fetched)
       VALUES (?, ?, ?, ?, ?, ?)`,
      ...[digest, capabilities, kind, entries, JSON.stringify(notes), fetchedAt],
    )
    this.#sql.exec(
      `DELETE FROM lists WHERE (digest, capabilities, kind) IN (
         SELECT digest, capabilities, kind FROM lists ORDER BY fetched DESC LIMIT -1 OFFSET ?)`,
      MAX_LISTS,
    )
  }

  touch({ digest, capabilities, kind }: ListKey, fetchedAt: number): void {
    this.#sql.exec(
      'UPDATE lists SET fetched = ? WHERE digest = ? AND capabilities = ? AND kind = ?',
      ...[fetchedAt, digest, capabilities, kind],
    )
  }
}
