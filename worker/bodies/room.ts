/**
 * Room for large bodies. An isolate has 128 MB for all its tenants, and a body takes several times its
 * length while it is read, parsed and sent on. So large bodies are let in by their bytes, and the rest waits.
 */
import { GatewayError } from '#protocol/errors.ts'

/** A body up to this needs no room of its own. */
export const SMALL_BODY_BYTES = 64 * 1024
/** Of an isolate, and of one tenant in it. A body that is larger is let in alone. */
const MAX_BYTES = 32 * 1024 * 1024
const MAX_TENANT_BYTES = 16 * 1024 * 1024
/** Longest wait for room. */
const WAIT_MS = 20_000
const POLL_MS = 50
/** Bodies that wait, of one tenant. */
const MAX_WAITING = 128
/** The platform may end a request without a word: its place is free when it was not used for this long. */
const READING_MS = 15_000
const ANSWERING_MS = 60_000
const RETRY_AFTER_MS = 2_000

/** What one body takes. */
export interface Place {
  tenant: string
  bytes: number
  /** `Date.now()` */
  keptUntil: number
}

export class BodyRoom {
  readonly #places = new Set<Place>()
  /** Those that wait, and when each was last heard of. */
  readonly #waiting = new Map<object, { tenant: string; at: number }>()

  /** Waits for room. Throws `too_many_bytes` when there is none in time, or too many wait. */
  async take(tenant: string, bytes: number): Promise<Place> {
    const ticket = {}
    const deadline = Date.now() + WAIT_MS
    try {
      for (;;) {
        const now = Date.now()
        if (this.#hasRoom(tenant, bytes, now)) return this.#give(tenant, bytes, now)
        if (now >= deadline || !this.#mayWait(ticket, tenant, now)) throw full()
        // Asked again and again, not told: a request that was ended meanwhile takes nothing.
        await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      }
    } finally {
      this.#waiting.delete(ticket)
    }
  }

  /** More of the body has come. */
  keep(place: Place): void {
    place.keptUntil = Date.now() + READING_MS
  }

  /** All of it is there. */
  settle(place: Place, bytes: number): void {
    place.bytes = bytes
    place.keptUntil = Date.now() + ANSWERING_MS
  }

  release(place: Place): void {
    this.#places.delete(place)
  }

  #give(tenant: string, bytes: number, now: number): Place {
    const place = { tenant, bytes, keptUntil: now + READING_MS }
    this.#places.add(place)
    return place
  }

  #hasRoom(tenant: string, bytes: number, now: number): boolean {
    let [all, own] = [0, 0]
    for (const place of this.#places) {
      if (place.keptUntil <= now) {
        this.#places.delete(place)
        continue
      }
      all += place.bytes
      if (place.tenant === tenant) own += place.bytes
    }
    const fits = (used: number, most: number): boolean => used === 0 || used + bytes <= most
    return fits(all, MAX_BYTES) && fits(own, MAX_TENANT_BYTES)
  }

  #mayWait(ticket: object, tenant: string, now: number): boolean {
    if (!this.#waiting.has(ticket)) {
      let count = 0
      for (const [other, waiter] of this.#waiting) {
        if (now - waiter.at > READING_MS) this.#waiting.delete(other)
        else if (waiter.tenant === tenant) count++
      }
      if (count >= MAX_WAITING) return false
    }
    this.#waiting.set(ticket, { tenant, at: now })
    return true
  }
}

function full(): GatewayError {
  return new GatewayError('too_many_bytes', { retryAfterMs: RETRY_AFTER_MS })
}
