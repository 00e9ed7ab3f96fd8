/** The files of Tenant objects, opened while workerd does not run. */
import { DatabaseSync } from 'node:sqlite'
import type { RunningWorker } from '../../worker/start-worker.ts'

/** Runs `edit` on the one database of which `holds` is true. */
export async function editTenant(
  worker: RunningWorker,
  holds: (database: DatabaseSync) => boolean,
  edit: (database: DatabaseSync) => void,
): Promise<void> {
  let edited = 0
  for (const path of await worker.databases('hearth-Tenant')) {
    const database = new DatabaseSync(path)
    if (holds(database)) {
      edit(database)
      edited++
    }
    database.close()
  }
  if (edited !== 1) throw new Error(`${edited} databases were edited`)
}

/** The database that has this token. */
export function hasToken(keyId: string): (database: DatabaseSync) => boolean {
  return (database) => {
    // Questions about tenants that do not exist leave files without tables.
    const tables = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'token'").all()
    if (tables.length === 0) return false
    return database.prepare('SELECT 1 FROM token WHERE key_id = ?').get(keyId) !== undefined
  }
}
