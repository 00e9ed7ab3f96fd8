/** What outlives processes, containers and the object: a store for each table, and the object's own keys. */
import { ToolSearchStore } from '../catalog/search/search-store.ts'
import { LateStore } from '../catalog/lists/late-store.ts'
import { ListsStore } from '../catalog/lists/lists-store.ts'
import { PinStore } from '../catalog/pins/pin-store.ts'
import { BreakerStore } from '../guard/breaker-store.ts'
import { StreamStore } from '../call/stream-store.ts'
import { EraStore } from '../processes/era-store.ts'
import { UseStore } from '../processes/use-store.ts'
import { SessionStore } from './session-store.ts'
import { migrate } from '../../migrate.ts'
import { STEPS } from './migrations.ts'
import { PlacementStore } from '../processes/link/placement-store.ts'
import { SpillStore } from '../transform/result-size/spill-store.ts'

export class Store {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  readonly streams: StreamStore
  readonly sessions: SessionStore
  readonly eras: EraStore
  readonly uses: UseStore
  readonly lists: ListsStore
  readonly late: LateStore
  readonly toolSearch: ToolSearchStore
  readonly pins: PinStore
  readonly breakers: BreakerStore
  readonly spills: SpillStore
  readonly placements: PlacementStore

  constructor(storage: DurableObjectStorage) {
    migrate(storage, STEPS)
    this.#storage = storage
    this.#sql = storage.sql
    this.streams = new StreamStore(storage.sql)
    this.sessions = new SessionStore(storage, this.streams)
    this.eras = new EraStore(storage.sql)
    this.uses = new UseStore(storage.kv)
    this.lists = new ListsStore(storage.sql)
    this.late = new LateStore(storage.sql)
    this.toolSearch = new ToolSearchStore(storage.sql)
    this.pins = new PinStore(storage)
    this.breakers = new BreakerStore(storage.sql)
    this.spills = new SpillStore(storage)
    this.placements = new PlacementStore(storage.sql)
  }

  /** Deletes every row. */
  clear(): void {
    this.#storage.transactionSync(() => {
      this.streams.clear()
      for (const table of ['sessions', 'eras', 'keys', 'lists', 'late_lists', 'breakers']) {
        this.#sql.exec(`DELETE FROM ${table}`)
      }
      this.spills.clear()
      this.toolSearch.clear()
      this.pins.clear()
      this.uses.clear()
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
}
