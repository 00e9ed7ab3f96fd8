/** Every SQL string of a rate limiter. Knows rows, not what they mean. */
import type { CounterState } from './algorithms/by-name.ts'
import { migrate } from '../migrate.ts'
import { STEPS } from './migrations.ts'

export interface CounterKey {
  limit: string
  subject: string
}

export class Store {
  readonly #sql: SqlStorage
  /** Cache of the number of rows. */
  #size: number

  constructor(storage: DurableObjectStorage) {
    migrate(storage, STEPS)
    this.#sql = storage.sql
    this.#size = this.#count()
  }

  get size(): number {
    return this.#size
  }

  state({ limit, subject }: CounterKey): CounterState | undefined {
    const [row] = this.#sql
      .exec<{ state: string }>(
        'SELECT state FROM counters WHERE limit_key = ? AND subject = ?',
        limit,
        subject,
      )
      .toArray()
    return row && (JSON.parse(row.state) as CounterState)
  }

  /** `isNew`: there is no row of this key yet. */
  save(key: CounterKey, state: CounterState, freshAt: number, isNew: boolean): void {
    this.#sql.exec(
      `INSERT INTO counters (limit_key, subject, state, fresh_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (limit_key, subject) DO UPDATE SET
         state = excluded.state, fresh_at = excluded.fresh_at`,
      ...[key.limit, key.subject, JSON.stringify(state), freshAt],
    )
    if (isNew) this.#size++
  }

  /** Deletes the rows that are as good as none. Returns when the next one will be. */
  sweep(now: number): number | undefined {
    this.#sql.exec('DELETE FROM counters WHERE fresh_at <= ?', now)
    this.#size = this.#count()
    const { next } = this.#sql
      .exec<{ next: number | null }>('SELECT min(fresh_at) AS next FROM counters')
      .one()
    return next ?? undefined
  }

  #count(): number {
    return this.#sql.exec<{ count: number }>('SELECT count(*) AS count FROM counters').one().count
  }
}
