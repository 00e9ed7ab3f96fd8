/** Every SQL string of the Tenant object. Knows rows, not what they mean. */
import { isMigrated, migrate } from './migrations.ts'

export interface ConfigRow {
  version: number
  /** `ServerConfigs` as JSON. */
  servers: string
}

export interface TokenRow {
  name: string
  /** HMAC-SHA-256 of the whole token. */
  hash: ArrayBuffer
}

export interface TenantStore {
  config(): ConfigRow | undefined
  /** Stores a configuration under the next version, or leaves the same text as it is. Returns the version. */
  putConfig(servers: string, now: number): number
  token(keyId: string): TokenRow | undefined
  tokenCount(): number
  /** Replaces a token of the same key id. */
  putToken(keyId: string, row: TokenRow, now: number): void
}

/** Reading never writes; the first write creates the schema. */
export function createTenantStore(storage: DurableObjectStorage): TenantStore {
  const { sql } = storage
  let readable = isMigrated(storage)
  let current = false

  function prepareWrite(): void {
    if (current) return
    migrate(storage)
    readable = current = true
  }

  function config(): ConfigRow | undefined {
    if (!readable) return undefined
    return sql
      .exec<{ version: number; servers: string }>('SELECT version, servers FROM config')
      .toArray()[0]
  }

  return {
    config,
    putConfig(servers, now) {
      prepareWrite()
      const before = config()
      if (before?.servers === servers) return before.version
      const version = (before?.version ?? 0) + 1
      sql.exec(
        `INSERT INTO config (id, version, servers, updated_at) VALUES (1, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET
           version = excluded.version, servers = excluded.servers, updated_at = excluded.updated_at`,
        version,
        servers,
        now,
      )
      return version
    },
    token(keyId) {
      if (!readable) return undefined
      return sql
        .exec<{ name: string; hash: ArrayBuffer }>(
          'SELECT name, hash FROM token WHERE key_id = ?',
          keyId,
        )
        .toArray()[0]
    },
    tokenCount() {
      if (!readable) return 0
      return sql.exec<{ count: number }>('SELECT count(*) AS count FROM token').one().count
    },
    putToken(keyId, row, now) {
      prepareWrite()
      sql.exec(
        `INSERT INTO token (key_id, name, hash, created_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (key_id) DO UPDATE SET name = excluded.name, hash = excluded.hash`,
        keyId,
        row.name,
        row.hash,
        now,
      )
    },
  }
}
