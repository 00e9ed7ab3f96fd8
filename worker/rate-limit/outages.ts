/** Objects that did not answer lately, so that not every call waits for one that hangs. */
import { BoundedMap } from '#protocol/bounded-map.ts'

/** How long one is not asked again. */
export const OUTAGE_MS = 1_000
const MAX_OUTAGES = 1_000

export interface Outages {
  /** How much longer the object is not asked; 0 when it may be. */
  remainingMs(name: string, now: number): number
  begin(name: string, now: number): void
}

export function createOutages(): Outages {
  const since = new BoundedMap<string, number>(MAX_OUTAGES)
  return {
    remainingMs(name, now) {
      const elapsedMs = now - (since.get(name) ?? -Infinity)
      // A clock that went back says nothing.
      return elapsedMs >= 0 && elapsedMs < OUTAGE_MS ? OUTAGE_MS - elapsedMs : 0
    },
    begin(name, now) {
      since.set(name, now)
    },
  }
}
