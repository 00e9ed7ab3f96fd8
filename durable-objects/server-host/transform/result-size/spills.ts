/** Results that were too large for an answer: kept for a while, and read by the principal that they were for. */
import { SPILL_URI } from '#protocol/transform.ts'
import { randomHex } from '../../../random-hex.ts'
import type { Spilled } from '../stage.ts'
import type { SpillStore } from './spill-store.ts'

/** Of one result, and of all of them together. Larger ones are cut. */
const MAX_SPILL_BYTES = 33_554_432
const MAX_SPILLED_BYTES = 268_435_456
const MAX_SPILLS = 1_000
/** As long as a session id's: nobody guesses it. */
const ID_BYTES = 16

export interface SpillOwner {
  server: string
  principal: string
}

export interface KeptSpill extends Spilled {
  /** `Date.now()` from which on it is not there. */
  endsAt: number
}

export class Spills {
  readonly #store: SpillStore
  #isTrimmed = false

  constructor(store: SpillStore) {
    this.#store = store
  }

  /** The URI under which it is read until `keepMs` from now; `undefined`: it is too large. */
  keep(
    { server, principal }: SpillOwner,
    { mimeType, data }: Spilled,
    keepMs: number,
    now: number,
  ): string | undefined {
    if (data.length > MAX_SPILL_BYTES) return undefined
    const id = randomHex(ID_BYTES)
    const row = { id, server, principal, mimeType, bytes: data.length, endsAt: now + keepMs }
    this.#store.add(row, data)
    this.#store.trim(now, MAX_SPILLS, MAX_SPILLED_BYTES)
    // While the disk is full nothing is kept.
    if (this.#store.get(id) === undefined) return undefined
    return SPILL_URI + id
  }

  /** To anybody but its owner it does not exist, nor when its time is over. */
  read(uri: string, owner: SpillOwner, now: number): KeptSpill | undefined {
    if (!this.#isTrimmed) this.#store.trim(now, MAX_SPILLS, MAX_SPILLED_BYTES)
    this.#isTrimmed = true
    const row = this.#store.get(uri.slice(SPILL_URI.length))
    if (row === undefined || row.endsAt <= now) return undefined
    if (row.server !== owner.server || row.principal !== owner.principal) return undefined
    return { mimeType: row.mimeType, data: this.#store.data(row), endsAt: row.endsAt }
  }
}
