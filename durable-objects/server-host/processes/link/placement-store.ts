/** Table `placements`: the server hosts, beside its own, whose containers this object has dialled. */
export class PlacementStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  get all(): string[] {
    const rows = this.#sql.exec<{ name: string }>('SELECT name FROM placements ORDER BY name')
    return rows.toArray().map(({ name }) => name)
  }

  add(name: string): void {
    this.#sql.exec('INSERT OR IGNORE INTO placements (name) VALUES (?)', name)
  }

  delete(name: string): void {
    this.#sql.exec('DELETE FROM placements WHERE name = ?', name)
  }
}
