/**
 * The full-text index of tools (SQLite FTS5): made from lists that are in the store anyhow, and kept so
 * that the next object need not make it again.
 */
import type { ToolDocument } from './documents.ts'

/** How much a word counts in each column. */
const WEIGHTS = { name: 4, description: 3, arguments: 1 } as const
/** Further tools are not found. */
const MAX_DOCUMENTS = 40_000

export class ToolSearchStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  get keys(): Set<string> {
    const rows = this.#sql.exec<{ key: string }>('SELECT key FROM tool_documents')
    return new Set(Array.from(rows, ({ key }) => key))
  }

  /** What is over the bound is left out. */
  add({ key, name, description, arguments: args }: ToolDocument): void {
    const [row] = this.#sql
      .exec<{ id: number }>(
        `INSERT INTO tool_documents (key) SELECT ?
         WHERE (SELECT count(*) FROM tool_documents) < ? RETURNING id`,
        ...[key, MAX_DOCUMENTS],
      )
      .toArray()
    if (row === undefined) return
    this.#sql.exec(
      'INSERT INTO tool_words (rowid, name, description, arguments) VALUES (?, ?, ?, ?)',
      ...[row.id, name, description, args],
    )
  }

  delete(key: string): void {
    this.#sql.exec(
      'DELETE FROM tool_words WHERE rowid = (SELECT id FROM tool_documents WHERE key = ?)',
      key,
    )
    this.#sql.exec('DELETE FROM tool_documents WHERE key = ?', key)
  }

  clear(): void {
    this.#sql.exec('DELETE FROM tool_words')
    this.#sql.exec('DELETE FROM tool_documents')
  }

  /** How well each tool fits, by key: more is better. `expression`: of a `Concept`. To be read in one step. */
  *match(expression: string): Generator<{ key: string; score: number }> {
    const { name, description, arguments: args } = WEIGHTS
    yield* this.#sql.exec<{ key: string; score: number }>(
      `SELECT key, -bm25(tool_words, ?, ?, ?) AS score
       FROM tool_words JOIN tool_documents ON tool_documents.id = tool_words.rowid
       WHERE tool_words MATCH ?`,
      ...[name, description, args, expression],
    )
  }
}
