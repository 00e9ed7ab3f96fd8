/** Every SQL string of sessions' streams, and of the log by which a client resumes them. */
import { idKey, type RequestId } from '#protocol/json-rpc.ts'
import type { FormerCall } from './call-transform.ts'
import type { ListFilter } from './visible-list.ts'

/** Kept per session, over all its streams. Older events are forgotten first. */
const MAX_EVENTS = 256
const MAX_EVENT_BYTES = 4 * 1024 * 1024
/** A row holds 2 MB at most. */
const MAX_ROW_BYTES = 1_900_000
const TRIM_EVERY = 32

/** A request as its client and as this object knows it; a host program of before names tells the id alone. */
export interface RequestName {
  id: RequestId
  call: string | undefined
}

/** Why a stream is open. */
export interface WaitingFor extends RequestName {
  server: string
  filter: ListFilter | undefined
  /** What a transformer has to know of it. */
  transform?: FormerCall | undefined
}

/** One that waits for an answer. */
export interface OpenStream extends WaitingFor {
  stream: number
}

/** Of `streams`; `request`: the key of the id. */
interface OpenRow extends Record<string, SqlStorageValue> {
  stream: number
  request: string
  call: string | null
  server: string | null
  filter: string | null
  transform: string | null
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
    const { id, call = null, server = null, filter, transform } = waiting ?? {}
    const request = id === undefined ? null : idKey(id)
    this.#sql.exec(
      `INSERT OR IGNORE INTO streams (session, stream, request, call, server, filter, transform)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      ...[session, stream, request, call, server, toText(filter), toText(transform)],
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

  /** The stream that waits for the answer to a request. */
  openFor(session: string, { id, call }: RequestName): OpenStream | undefined {
    const [row] = this.#sql
      .exec<OpenRow>(
        `SELECT stream, request, call, server, filter, transform FROM streams
         WHERE session = ?1 AND done = 0 AND CASE WHEN ?2 IS NULL THEN request = ?3 ELSE call = ?2 END`,
        ...[session, call ?? null, idKey(id)],
      )
      .toArray()
    return row && toOpenStream(row)
  }

  /** Those of requests that have not ended; with `server`, of those that it was to answer. */
  allOpen(session: string, server?: string): OpenStream[] {
    return this.#sql
      .exec<OpenRow>(
        `SELECT stream, request, call, server, filter, transform FROM streams
         WHERE session = ?1 AND done = 0 AND request IS NOT NULL AND (?2 IS NULL OR server = ?2)`,
        ...[session, server ?? null],
      )
      .toArray()
      .map(toOpenStream)
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

function toOpenStream({ stream, request, call, server, filter, transform }: OpenRow): OpenStream {
  return {
    ...{ stream, id: toId(request), call: call ?? undefined, server: server ?? '' },
    filter: filter === null ? undefined : (JSON.parse(filter) as ListFilter),
    transform: transform === null ? undefined : (JSON.parse(transform) as FormerCall),
  }
}

/** The reverse of `idKey`. */
function toId(request: string): RequestId {
  return request.startsWith('s') ? request.slice(1) : Number(request.slice(1))
}
