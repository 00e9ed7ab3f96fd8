/** The breakers as they turned last. Written on a change alone, which is seldom. */
import type { ErrorCode } from '#protocol/errors.ts'
import type { BreakerPhase } from '#protocol/resilience.ts'
import type { BreakerState } from './breaker.ts'

/** Each principal of a personal server has its own; the ones that turned longest ago leave. */
const MAX_BREAKERS = 2_000

/** Whose breaker it is; `principal` is empty where a server is not personal. */
export interface BreakerKey {
  server: string
  principal: string
}

export interface StoredBreaker {
  state: BreakerState
  /** Of the launch that it was about: with another one the server is another. */
  digest: string
  lastFailure: { code: ErrorCode; at: number } | undefined
}

interface BreakerRow extends Record<string, SqlStorageValue> {
  phase: BreakerPhase
  since: number
  until: number | null
  digest: string
  failure: ErrorCode | null
  failed: number | null
}

export class BreakerStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  get({ server, principal }: BreakerKey): StoredBreaker | undefined {
    const [row] = this.#sql
      .exec<BreakerRow>(
        `SELECT phase, since, until, digest, failure, failed FROM breakers
         WHERE server = ? AND principal = ?`,
        ...[server, principal],
      )
      .toArray()
    if (row === undefined) return undefined
    const { phase, since, until, digest, failure, failed } = row
    const lastFailure = failure === null ? undefined : { code: failure, at: failed ?? since }
    return { state: { phase, since, ...(until !== null && { until }) }, digest, lastFailure }
  }

  save({ server, principal }: BreakerKey, { state, digest, lastFailure }: StoredBreaker): void {
    const { phase, since = 0, until = null } = state
    this.#sql.exec(
      `INSERT OR REPLACE INTO breakers (server, principal, phase, since, until, digest, failure, failed)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[server, principal, phase, since, until, digest],
      ...[lastFailure?.code ?? null, lastFailure?.at ?? null],
    )
    this.#sql.exec(
      `DELETE FROM breakers WHERE (server, principal) IN (
         SELECT server, principal FROM breakers ORDER BY since DESC LIMIT -1 OFFSET ?)`,
      MAX_BREAKERS,
    )
  }

  delete({ server, principal }: BreakerKey): void {
    this.#sql.exec('DELETE FROM breakers WHERE server = ? AND principal = ?', server, principal)
  }
}
