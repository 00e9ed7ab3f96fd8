/** Which definitions of which tools are approved. They outlive launches: a pin is the configured server's. */
import type { Pin } from './compare-definitions.ts'

/** Those that nobody was shown lately leave first. */
const MAX_PINS = 50_000
/** A row holds 2 MB at most: a longer definition is pinned by its fingerprint, and has no diff. */
const MAX_DEFINITION_CHARS = 200_000

/** Names of servers that are remembered, those that are configured no more among them. */
const MAX_SERVERS = 10_000

interface PinRow extends Record<string, SqlStorageValue> {
  server: string
  tool: string
  fingerprint: string
  definition: string
  state: Pin['state']
  seen_as: string
  first_seen: number
  approved_at: number | null
  renamed_from: string | null
}

export class PinStore {
  readonly #storage: DurableObjectStorage

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  ofServer(server: string): Pin[] {
    return this.#read('WHERE server = ?', server).map(({ pin }) => pin)
  }

  get all(): { server: string; pin: Pin }[] {
    return this.#read('ORDER BY server, tool')
  }

  /** What has changed or appeared, and is not approved. */
  get pending(): { server: string; pin: Pin }[] {
    return this.#read("WHERE state IN ('pending', 'held')")
  }

  /** Names that were approved once. */
  toolsOf(server: string): Set<string> {
    const rows = this.#storage.sql.exec<{ tool: string }>(
      "SELECT DISTINCT tool FROM tool_pins WHERE server = ? AND state <> 'held'",
      server,
    )
    return new Set(rows.toArray().map(({ tool }) => tool))
  }

  /** Whether all tools of the server were seen once. */
  isKnown(server: string): boolean {
    const found = 'SELECT 1 FROM pinned_servers WHERE server = ?'
    return this.#storage.sql.exec(found, server).toArray().length > 0
  }

  noteKnown(server: string, now: number): void {
    const { sql } = this.#storage
    sql.exec('INSERT OR IGNORE INTO pinned_servers (server, first_seen) VALUES (?, ?)', server, now)
    sql.exec(
      `DELETE FROM pinned_servers WHERE server IN (
         SELECT server FROM pinned_servers ORDER BY first_seen DESC LIMIT -1 OFFSET ?)`,
      MAX_SERVERS,
    )
  }

  change(server: string, { save, drop }: { save: readonly Pin[]; drop: readonly Pin[] }): void {
    const { sql } = this.#storage
    this.#storage.transactionSync(() => {
      for (const { tool, fingerprint } of drop) {
        sql.exec(
          'DELETE FROM tool_pins WHERE server = ? AND tool = ? AND fingerprint = ?',
          ...[server, tool, fingerprint],
        )
      }
      for (const pin of save) this.#save(server, pin)
      sql.exec(
        `DELETE FROM tool_pins WHERE (server, tool, fingerprint) IN (
           SELECT server, tool, fingerprint FROM tool_pins
           ORDER BY seen_as = '[]', first_seen DESC LIMIT -1 OFFSET ?)`,
        MAX_PINS,
      )
    })
  }

  clear(): void {
    this.#storage.sql.exec('DELETE FROM tool_pins; DELETE FROM pinned_servers')
  }

  #save(server: string, pin: Pin): void {
    const { tool, fingerprint, definition, state, seenAs, firstSeen } = pin
    const kept = definition.length > MAX_DEFINITION_CHARS ? '{}' : definition
    this.#storage.sql.exec(
      `INSERT OR REPLACE INTO tool_pins
         (server, tool, fingerprint, definition, state, seen_as, first_seen, approved_at, renamed_from)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[server, tool, fingerprint, kept, state, JSON.stringify(seenAs), firstSeen],
      ...[pin.approvedAt ?? null, pin.renamedFrom ?? null],
    )
  }

  #read(rest: string, ...bindings: string[]): { server: string; pin: Pin }[] {
    return this.#storage.sql
      .exec<PinRow>(`SELECT * FROM tool_pins ${rest}`, ...bindings)
      .toArray()
      .map(toPin)
  }
}

function toPin(row: PinRow): { server: string; pin: Pin } {
  const { server, tool, fingerprint, definition, state } = row
  const pin: Pin = {
    ...{ tool, fingerprint, definition, state, firstSeen: row.first_seen },
    seenAs: JSON.parse(row.seen_as) as string[],
    ...(row.approved_at !== null && { approvedAt: row.approved_at }),
    ...(row.renamed_from !== null && { renamedFrom: row.renamed_from }),
  }
  return { server, pin }
}
