/** The breakers as they turned last. Written on a change alone, which is seldom. */
import type { ErrorCode } from '#protocol/errors.ts'
import type { BreakerPhase } from '#protocol/resilience.ts'
import type { BreakerState } from './breaker.ts'

/** Each principal that calls a server has its own; the ones that turned longest ago leave. */
const MAX_BREAKERS = 2_000

/** Whose breaker it is: the caller's, or with an empty `principal` the server's own. */
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
  principal: string
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

  /** Of one server, its callers' included. */
  all(server: string): (StoredBreaker & BreakerKey)[] {
    return this.#sql
      .exec<BreakerRow>(
        `SELECT principal, phase, since, until, digest, failure, failed FROM breakers
         WHERE server = ?`,
        server,
      )
      .toArray()
      .map(({ principal, phase, since, until, digest, failure, failed }) => {
        const lastFailure = failure === null ? undefined : { code: failure, at: failed ?? since }
        const state = { phase, since, ...(until !== null && { until }) }
        return { server, principal, state, digest, lastFailure }
      })
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

  /** With an empty `principal` those of all its callers, too. */
  delete({ server, principal }: BreakerKey): void {
    const sql = "DELETE FROM breakers WHERE server = ?1 AND (?2 = '' OR principal = ?2)"
    this.#sql.exec(sql, server, principal)
  }
}
