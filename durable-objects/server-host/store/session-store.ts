/** The rows of sessions: a session outlives its process, the container and the object. */
import type { Access } from '#protocol/access.ts'
import type { CatalogView } from '#protocol/catalog.ts'
import type { StreamStore } from '../call/stream-store.ts'

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
  /** Of a session of the catalog: what its principal sees, by the newest call that told. */
  catalog?: CatalogView
}

/** A session that was not used for this long is forgotten. */
const SESSION_TTL_MS = 7 * 86_400_000
const MAX_SESSIONS = 10_000
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
  catalog: string | null
}

export class SessionStore {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  readonly #streams: StreamStore
  #added = 0

  /** `streams`: what was sent on the streams of a session goes with it. */
  constructor(storage: DurableObjectStorage, streams: StreamStore) {
    this.#storage = storage
    this.#sql = storage.sql
    this.#streams = streams
  }

  add(record: SessionRecord, now: number): void {
    this.#storage.transactionSync(() => {
      if (this.#added++ % EXPIRE_EVERY === 0) this.#expire(now)
      this.#sql.exec(
        `INSERT INTO sessions
           (id, server, principal, protocol, initialize, access, catalog, created, seen)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[record.id, record.server, record.principal, record.protocol, record.initialize],
        ...[toText(record.access), toText(record.catalog), now, now],
      )
    })
  }

  get(id: string): SessionRecord | undefined {
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
      ...(row.catalog !== null && { catalog: JSON.parse(row.catalog) as CatalogView }),
    }
  }

  touch(id: string, now: number): void {
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

  saveView({ id, catalog }: SessionRecord): void {
    this.#sql.exec('UPDATE sessions SET catalog = ? WHERE id = ?', toText(catalog), id)
  }

  delete(id: string): void {
    this.#storage.transactionSync(() => {
      this.#streams.deleteOf(id)
      this.#sql.exec('DELETE FROM sessions WHERE id = ?', id)
    })
  }

  /** Those of servers that are no more. */
  deleteOf(servers: readonly string[]): void {
    const found = this.#sql
      .exec<{ id: string }>(
        'SELECT id FROM sessions WHERE server IN (SELECT value FROM json_each(?))',
        JSON.stringify(servers),
      )
      .toArray()
    for (const { id } of found) this.delete(id)
  }

  #expire(now: number): void {
    const stale = this.#sql
      .exec<{ id: string }>('SELECT id FROM sessions WHERE seen < ?', now - SESSION_TTL_MS)
      .toArray()
    for (const { id } of stale) this.delete(id)
    for (const { id } of this.#surplus()) this.delete(id)
  }

  /** Beyond the bound go the oldest of whoever has most, as long as it has most. */
  #surplus(): { id: string }[] {
    const { total } = this.#sql
      .exec<{ total: number }>('SELECT count(*) AS total FROM sessions')
      .one()
    if (total < MAX_SESSIONS) return []
    return this.#sql
      .exec<{ id: string }>(
        `SELECT id FROM (
           SELECT id, seen, row_number() OVER (PARTITION BY principal ORDER BY seen DESC) AS place
           FROM sessions)
         ORDER BY place DESC, seen LIMIT ?`,
        total - MAX_SESSIONS + 1,
      )
      .toArray()
  }
}

function toText(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value)
}
