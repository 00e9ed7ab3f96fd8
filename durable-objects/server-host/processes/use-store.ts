/** When each launch was used last, by its digest: whoever restarts finds warm what was in use. */

import { BoundedMap } from '#protocol/bounded-map.ts'
import type { Launch } from '#protocol/link.ts'

/** Of more, those that were used longest ago are forgotten. */
const MAX_USES = 512
/** It is not written more often. */
const NOTE_EVERY_MS = 600_000
const KEY = 'uses'

export class UseStore {
  readonly #kv: SyncKvStorage
  #uses: BoundedMap<string, number> | undefined

  constructor(kv: SyncKvStorage) {
    this.#kv = kv
  }

  /** How long ago; `undefined`: never, as far as is known. Milliseconds. */
  ageOf(digest: string, now: number): number | undefined {
    const at = this.#all.get(digest)
    return at === undefined ? undefined : Math.max(0, now - at)
  }

  note(digest: string, now: number): void {
    const uses = this.#all
    if (now - (uses.get(digest) ?? -Infinity) < NOTE_EVERY_MS) return
    uses.set(digest, now)
    this.#kv.put(KEY, [...uses])
  }

  clear(): void {
    this.#uses = new BoundedMap(MAX_USES)
    this.#kv.delete(KEY)
  }

  get #all(): BoundedMap<string, number> {
    if (this.#uses !== undefined) return this.#uses
    const uses = new BoundedMap<string, number>(MAX_USES)
    for (const [digest, at] of this.#kv.get<[string, number][]>(KEY) ?? []) uses.set(digest, at)
    return (this.#uses = uses)
  }
}

/** Launches with when each was used last: only what adapts asks for it. */
export function withUse(launches: Launch[], uses: Pick<UseStore, 'ageOf'>): Launch[] {
  const now = Date.now()
  return launches.map((launch) => {
    const usedMsAgo = launch.isAdaptive === true ? uses.ageOf(launch.digest, now) : undefined
    return usedMsAgo === undefined ? launch : { ...launch, usedMsAgo }
  })
}
