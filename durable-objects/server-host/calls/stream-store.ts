/** Every SQL string of sessions' streams, and of the log by which a client resumes them. */
import type { FormerCall } from '../transform/call-transform.ts'
import type { ListFilter } from './visible-list.ts'

/** Kept per session, over all its streams. Older events are forgotten first. */
const MAX_EVENTS = 256
const MAX_EVENT_BYTES = 4 * 1024 * 1024
/** A row holds 2 MB at most. */
const MAX_ROW_BYTES = 1_900_000
const TRIM_EVERY = 32

/** Why a stream is open. */
export interface WaitingFor {
  /** The key of the request's id. */
  request: string
  server: string
  filter: ListFilter | undefined
  /** What a transformer has to know of it. */
  transform?: FormerCall | undefined
}

export class StreamStore {
  readonly #sql: SqlStorage
  /** Events since a session's log was trimmed last. */
  readonly #untrimmed = new Map<string, number>()

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** `waiting`: for what; nothing for the GET stream. */
  add(session: string, stream: number, waiting: WaitingFor | undefined): void {
    const { request = null, server = null, filter, transform } = waiting ?? {}
    this.#sql.exec(
      `INSERT OR IGNORE INTO streams (session, stream, request, server, filter, transform)
       VALUES (?, ?, ?, ?, ?, ?)`,
      ...[session, stream, request, server, toText(filter), toText(transform)],
    )
  }

  last(session: string): number {
    const row = this.#sql
      .exec<{ last: number | null }>(
        'SELECT max(stream) AS last FROM streams WHERE session = ?',
        session,
      )
      .one()
    return row.last ?? 0
  }

  find(session: string, stream: number): { request: string | null; done: boolean } | undefined {
    const [row] = this.#sql
      .exec<{ request: string | null; done: number }>(
        'SELECT request, done FROM streams WHERE session = ? AND stream = ?',
        ...[session, stream],
      )
      .toArray()
    return row && { request: row.request, done: row.done === 1 }
  }

  /** The stream that waits for the answer to a request, and what the answer is filtered by. */
  openFor(
    session: string,
    request: string,
  ): (Pick<WaitingFor, 'filter' | 'transform'> & { stream: number; server: string }) | undefined {
    const [row] = this.#sql
      .exec<{
        stream: number
        server: string | null
        filter: string | null
        transform: string | null
      }>(
        `SELECT stream, server, filter, transform FROM streams
         WHERE session = ? AND request = ? AND done = 0`,
        ...[session, request],
      )
      .toArray()
    if (row === undefined) return undefined
    const { stream, server } = row
    const filter = row.filter === null ? undefined : (JSON.parse(row.filter) as ListFilter)
    const transform = row.transform === null ? undefined : (JSON.parse(row.transform) as FormerCall)
    return { stream, server: server ?? '', filter, transform }
  }

  /** Keys of the requests whose streams have not ended; with `server`, of those that it was to answer. */
  openRequests(session: string, server?: string): string[] {
    return this.#sql
      .exec<{ request: string }>(
        `SELECT request FROM streams WHERE session = ?1 AND done = 0 AND request IS NOT NULL
           AND (?2 IS NULL OR server = ?2)`,
        ...[session, server ?? null],
      )
      .toArray()
      .map(({ request }) => request)
  }

  end(session: string, stream: number): void {
    this.#sql.exec('UPDATE streams SET done = 1 WHERE session = ? AND stream = ?', session, stream)
  }

  /** Events over `MAX_ROW_BYTES` are not kept: they cannot be resumed. */
  appendEvent(session: string, stream: number, seq: number, data: Uint8Array): void {
    if (data.length > MAX_ROW_BYTES) return
    this.#sql.exec(
      'INSERT OR REPLACE INTO events (session, stream, seq, data) VALUES (?, ?, ?, ?)',
      ...[session, stream, seq, data],
    )
    const untrimmed = (this.#untrimmed.get(session) ?? 0) + 1
    this.#untrimmed.set(session, untrimmed)
    if (untrimmed >= TRIM_EVERY) this.#trim(session)
  }

  lastEvent(session: string, stream: number): number {
    return (
      this.#sql
        .exec<{ last: number | null }>(
          'SELECT max(seq) AS last FROM events WHERE session = ? AND stream = ?',
          ...[session, stream],
        )
        .one().last ?? 0
    )
  }

  eventsAfter(session: string, stream: number, seq: number): { seq: number; data: Uint8Array }[] {
    return this.#sql
      .exec<{ seq: number; data: ArrayBuffer }>(
        'SELECT seq, data FROM events WHERE session = ? AND stream = ? AND seq > ? ORDER BY seq',
        ...[session, stream, seq],
      )
      .toArray()
      .map((row) => ({ seq: row.seq, data: new Uint8Array(row.data) }))
  }

  hasEvent(session: string, data: Uint8Array): boolean {
    const query = 'SELECT 1 FROM events WHERE session = ? AND data = ? LIMIT 1'
    return this.#sql.exec(query, session, data).toArray().length > 0
  }

  /** Of a session that is no more. */
  deleteOf(session: string): void {
    this.#untrimmed.delete(session)
    for (const table of ['events', 'streams']) {
      this.#sql.exec(`DELETE FROM ${table} WHERE session = ?`, session)
    }
  }

  clear(): void {
    this.#untrimmed.clear()
    for (const table of ['events', 'streams']) this.#sql.exec(`DELETE FROM ${table}`)
  }

  #trim(session: string): void {
    this.#untrimmed.delete(session)
    this.#sql.exec(
      `DELETE FROM events WHERE position IN (
         SELECT position FROM (
           SELECT position,
             row_number() OVER newest AS age, sum(length(data)) OVER newest AS bytes
           FROM events WHERE session = ?1
           WINDOW newest AS (ORDER BY position DESC))
         WHERE age > ?2 OR bytes > ?3)`,
      ...[session, MAX_EVENTS, MAX_EVENT_BYTES],
    )
    this.#sql.exec(
      `DELETE FROM streams WHERE session = ?1 AND done = 1 AND stream NOT IN (
         SELECT stream FROM events WHERE session = ?1)
         AND stream < (SELECT max(stream) FROM streams WHERE session = ?1)`,
      session,
    )
  }
}

function toText(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value)
}
