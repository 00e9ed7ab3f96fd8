/** Every SQL string of a tenant's configuration. Knows rows, not what they mean. */

export interface ConfigRow {
  version: number
  /** `ServerConfigs` as JSON. */
  servers: string
  createdAt: number
}

export type SettingName = 'catalog' | 'routes' | 'limits' | 'issuers' | 'last-version' | 'has-host'

export class ConfigStore {
  readonly #sql: SqlStorage
  readonly #onVersion: (version: number) => void

  /** `onVersion`: the version grows, unless the transaction that it is in is undone. */
  constructor(sql: SqlStorage, onVersion: (version: number) => void) {
    this.#sql = sql
    this.#onVersion = onVersion
  }

  config(): ConfigRow | undefined {
    return this.#sql
      .exec<{ version: number; servers: string; createdAt: number }>(
        'SELECT version, servers, created_at AS createdAt FROM config',
      )
      .toArray()[0]
  }

  create({ version, servers, createdAt }: ConfigRow): void {
    this.#sql.exec(
      'INSERT INTO config (id, version, servers, created_at, updated_at) VALUES (1, ?, ?, ?, ?)',
      ...[version, servers, createdAt, createdAt],
    )
  }

  update(version: number, servers: string, now: number): void {
    this.#sql.exec(
      'UPDATE config SET version = ?, servers = ?, updated_at = ?',
      ...[version, servers, now],
    )
    this.#onVersion(version)
  }

  setVersion(version: number, now: number): void {
    this.#sql.exec('UPDATE config SET version = ?, updated_at = ?', version, now)
    this.#onVersion(version)
  }

  setting(name: SettingName): string | undefined {
    return this.#sql
      .exec<{ value: string }>('SELECT value FROM setting WHERE name = ?', name)
      .toArray()[0]?.value
  }

  putSetting(name: SettingName, value: string, now: number): void {
    this.#sql.exec(
      `INSERT INTO setting (name, value, updated_at) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
      ...[name, value, now],
    )
  }
}
