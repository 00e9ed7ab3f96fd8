/** Every SQL string of a server host, but for what is known of eras. What is here outlives processes, containers and the object. */
import type { Access } from '#protocol/access.ts'
import { EraStore } from './servers/era-store.ts'
import { migrate } from './migrations.ts'
import type { ListFilter } from './calls/visible-list.ts'

export interface SessionRecord {
  id: string
  server: string
  principal: string
  /** The protocol revision that initialize settled on. */
  protocol: string
  /** `params` of the client's initialize, as JSON text, as they are sent to a new process. */
  initialize: string
  logLevel: string | undefined
  subscriptions: string[]
  /** What its principal may read, by the newest call that told; absent: everything. */
  access: Access | undefined
}

/** Kept per session, over all its streams. Older events are forgotten first. */
const MAX_EVENTS = 256
const MAX_EVENT_BYTES = 4 * 1024 * 1024
/** A row holds 2 MB at most. */
const MAX_ROW_BYTES = 1_900_000
/** A session that was not used for this long is forgotten. */
const SESSION_TTL_MS = 7 * 86_400_000
const MAX_SESSIONS = 10_000
const TRIM_EVERY = 32
const EXPIRE_EVERY = 32

interface SessionRow extends Record<string, SqlStorageValue> {
  id: string
  server: string
  principal: string
  protocol: string
  initialize: string
  log_level: string | null
  subscriptions: string
  access: string | null
}

export class Store {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  readonly eras: EraStore
  /** Events since a session's log was trimmed last. */
  readonly #untrimmed = new Map<string, number>()
  #added = 0

  constructor(storage: DurableObjectStorage) {
    migrate(storage)
    this.#storage = storage
    this.#sql = storage.sql
    this.eras = new EraStore(storage.sql)
  }

  addSession(record: SessionRecord, now: number): void {
    this.#storage.transactionSync(() => {
      if (this.#added++ % EXPIRE_EVERY === 0) this.#expire(now)
      this.#sql.exec(
        `INSERT INTO sessions (id, server, principal, protocol, initialize, access, created, seen)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[record.id, record.server, record.principal, record.protocol, record.initialize],
        ...[toText(record.access), now, now],
      )
    })
  }

  session(id: string): SessionRecord | undefined {
    const [row] = this.#sql.exec<SessionRow>('SELECT * FROM sessions WHERE id = ?', id).toArray()
    if (row === undefined) return undefined
    return {
      id: row.id,
      server: row.server,
      principal: row.principal,
      protocol: row.protocol,
      initialize: row.initialize,
      logLevel: row.log_level ?? undefined,
      subscriptions: JSON.parse(row.subscriptions) as string[],
      access: row.access === null ? undefined : (JSON.parse(row.access) as Access),
    }
  }

  touchSession(id: string, now: number): void {
    this.#sql.exec('UPDATE sessions SET seen = ? WHERE id = ?', now, id)
  }

  saveInterest({ id, logLevel, subscriptions }: SessionRecord): void {
    this.#sql.exec(
      'UPDATE sessions SET log_level = ?, subscriptions = ? WHERE id = ?',
      ...[logLevel ?? null, JSON.stringify(subscriptions), id],
    )
  }

  saveAccess({ id, access }: SessionRecord): void {
    this.#sql.exec('UPDATE sessions SET access = ? WHERE id = ?', toText(access), id)
  }

  deleteSession(id: string): void {
    this.#untrimmed.delete(id)
    this.#storage.transactionSync(() => {
      for (const [table, column] of [
        ['events', 'session'],
        ['streams', 'session'],
        ['sessions', 'id'],
      ]) {
        this.#sql.exec(`DELETE FROM ${table} WHERE ${column} = ?`, id)
      }
    })
  }

  /** Deletes every row. */
  clear(): void {
    this.#untrimmed.clear()
    this.#storage.transactionSync(() => {
      for (const table of ['events', 'streams', 'sessions', 'eras', 'keys']) {
        this.#sql.exec(`DELETE FROM ${table}`)
      }
    })
  }

  /** The tenant was removed with this configuration version; the next of its name begins above it. */
  retire(version: number): void {
    this.#storage.kv.put('retired', version)
  }

  /** -1: no tenant of this name was removed. */
  get retired(): number {
    return (this.#storage.kv.get('retired') as number | undefined) ?? -1
  }

  /** `request` is the key of the request that the stream answers; none for the GET stream. */
  addStream(
    session: string,
    stream: number,
    request: string | undefined,
    filter: ListFilter | undefined,
  ): void {
    this.#sql.exec(
      'INSERT OR IGNORE INTO streams (session, stream, request, filter) VALUES (?, ?, ?, ?)',
      ...[session, stream, request ?? null, toText(filter)],
    )
  }

  lastStream(session: string): number {
    const row = this.#sql
      .exec<{ last: number | null }>(
        'SELECT max(stream) AS last FROM streams WHERE session = ?',
        session,
      )
      .one()
    return row.last ?? 0
  }

  stream(session: string, stream: number): { request: string | null; done: boolean } | undefined {
    const [row] = this.#sql
      .exec<{ request: string | null; done: number }>(
        'SELECT request, done FROM streams WHERE session = ? AND stream = ?',
        ...[session, stream],
      )
      .toArray()
    return row && { request: row.request, done: row.done === 1 }
  }

  /** The stream that waits for the answer to a request, and what the answer is filtered by. */
  openStream(
    session: string,
    request: string,
  ): { stream: number; filter: ListFilter | undefined } | undefined {
    const [row] = this.#sql
      .exec<{ stream: number; filter: string | null }>(
        'SELECT stream, filter FROM streams WHERE session = ? AND request = ? AND done = 0',
        ...[session, request],
      )
      .toArray()
    if (row === undefined) return undefined
    const filter = row.filter === null ? undefined : (JSON.parse(row.filter) as ListFilter)
    return { stream: row.stream, filter }
  }

  /** Keys of the requests whose streams have not ended. */
  openRequests(session: string): string[] {
    return this.#sql
      .exec<{ request: string }>(
        'SELECT request FROM streams WHERE session = ? AND done = 0 AND request IS NOT NULL',
        session,
      )
      .toArray()
      .map(({ request }) => request)
  }

  endStream(session: string, stream: number): void {
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

  /** A secret of this object's own, made when it is first asked for. */
  key(name: string): Uint8Array<ArrayBuffer> {
    const [row] = this.#sql
      .exec<{ value: ArrayBuffer }>('SELECT value FROM keys WHERE name = ?', name)
      .toArray()
    if (row !== undefined) return new Uint8Array(row.value)
    const value = crypto.getRandomValues(new Uint8Array(32))
    this.#sql.exec('INSERT INTO keys (name, value) VALUES (?, ?)', name, value)
    return value
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

  #expire(now: number): void {
    const stale = this.#sql
      .exec<{ id: string }>(
        `SELECT id FROM sessions WHERE seen < ?1
         UNION SELECT id FROM (SELECT id FROM sessions ORDER BY seen DESC LIMIT -1 OFFSET ?2)`,
        ...[now - SESSION_TTL_MS, MAX_SESSIONS - 1],
      )
      .toArray()
    for (const { id } of stale) this.deleteSession(id)
  }
}

function toText(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value)
}
