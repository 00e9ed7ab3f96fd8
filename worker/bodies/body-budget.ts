/**
 * Room for large bodies. An isolate has 128 MB for all its tenants, and a body takes several times its
 * length while it is read, parsed and sent on. So large bodies are let in by their bytes, and the rest waits.
 */
import { GatewayError } from '#protocol/errors.ts'

/** A body up to this needs no room of its own. */
export const SMALL_BODY_BYTES = 64 * 1024
/** Of an isolate, of one tenant in it, and of one of its principals. A body that is larger is let in alone. */
const MAX_BYTES = 32 * 1024 * 1024
const MAX_TENANT_BYTES = 16 * 1024 * 1024
const MAX_PRINCIPAL_BYTES = 8 * 1024 * 1024
/** A body that is not there after this leaves to others what has not come of it. */
const FAST_MS = 1_000
/** Longest wait for room. */
const WAIT_MS = 20_000
const POLL_MS = 50
/** Bodies that wait, of one tenant and of one principal. */
const MAX_WAITING = 128
const MAX_PRINCIPAL_WAITING = 64
/** The platform may end a request without a word: its place is free when it was not used for this long. */
const READING_MS = 15_000
const ANSWERING_MS = 60_000
const RETRY_AFTER_MS = 2_000

/** Who sends a body: what one principal takes, it takes from nobody else. */
export interface Owner {
  tenant: string
  principal: string
}

/** What one body takes. */
export interface Place {
  shares: Shares
  /** Its length, or the longest that it may be. */
  bytes: number
  came: number
  isThere: boolean
  /** `Date.now()` */
  fastUntil: number
  keptUntil: number
}

interface Waiter {
  shares: Shares
  bytes: number
  /** How many of its principal were there or waited before it: principals take turns. */
  turn: number
  /** Of two with the same turn the lower one came first. */
  order: number
  /** `Date.now()` when it last asked. */
  at: number
}

/** The names of the principal, the tenant and the isolate, each with a bound. */
type Shares = readonly [string, string, string]
const BOUNDS = [MAX_PRINCIPAL_BYTES, MAX_TENANT_BYTES, MAX_BYTES] as const

/** What is taken of each share, and what of it by bodies that come slowly. */
class Taken {
  readonly all = new Map<string, number>()
  readonly slow = new Map<string, number>()

  add(shares: Shares, bytes: number): void {
    for (const share of shares) addTo(this.all, share, bytes)
  }

  /** Half of a share is for bodies that come fast. */
  isWithin(share: string, bound: number): boolean {
    return (this.all.get(share) ?? 0) <= bound && (this.slow.get(share) ?? 0) <= bound / 2
  }

  /** The first share that has no room for so much. */
  findFull(shares: Shares, bytes: number): string | undefined {
    return shares.find((share, index) => {
      const used = this.all.get(share) ?? 0
      return used > 0 && used + bytes > (BOUNDS[index] ?? 0)
    })
  }
}

export class BodyRoom {
  /** The oldest first. */
  readonly #places = new Set<Place>()
  readonly #waiting = new Set<Waiter>()
  #order = 0

  /** Waits for room. Throws `too_many_bytes` when there is none in time, or too many wait. */
  async take({ tenant, principal }: Owner, bytes: number): Promise<Place> {
    const shares: Shares = [`${tenant} ${principal}`, tenant, '']
    const turn = this.#countOf(shares[0])
    const waiter: Waiter = { shares, bytes, turn, order: this.#order++, at: 0 }
    try {
      return await poll((now) => this.#enter(waiter, now))
    } finally {
      this.#waiting.delete(waiter)
    }
  }

  /** More of the body has come. A promise where the rest is to wait, which throws `too_many_bytes`. */
  grow(place: Place, bytes: number): Promise<unknown> | undefined {
    place.came += bytes
    if (this.#mayGoOn(place, Date.now())) return undefined
    return poll((now) => this.#mayGoOn(place, now) || undefined)
  }

  /** All of it is there. */
  settle(place: Place, bytes: number): void {
    Object.assign(place, { bytes, came: bytes, isThere: true })
    place.keptUntil = Date.now() + ANSWERING_MS
    this.#places.add(place)
  }

  release(place: Place): void {
    this.#places.delete(place)
  }

  /** Also of a place that was thought to be free. */
  #mayGoOn(place: Place, now: number): boolean {
    place.keptUntil = now + READING_MS
    this.#places.add(place)
    if (now < place.fastUntil) return true
    const taken = this.#taken(now)
    // The oldest always goes on, or all could wait for each other.
    return place.shares.every(
      (share, index) =>
        taken.isWithin(share, BOUNDS[index] ?? 0) || this.#oldestOf(share) === place,
    )
  }

  #oldestOf(share: string): Place | undefined {
    for (const place of this.#places) {
      if (!place.isThere && place.shares.includes(share)) return place
    }
    return undefined
  }

  /** A place for it, or it waits on. Throws `too_many_bytes` when too many wait. */
  #enter(waiter: Waiter, now: number): Place | undefined {
    const { shares, bytes } = waiter
    if (!this.#isTurnOf(waiter, now)) {
      this.#wait(waiter, now)
      return undefined
    }
    const place: Place = {
      ...{ shares, bytes, came: 0, isThere: false },
      ...{ fastUntil: now + FAST_MS, keptUntil: now + READING_MS },
    }
    this.#places.add(place)
    return place
  }

  /** Whether there is room, without what those have a right to who were there before. */
  #isTurnOf(waiter: Waiter, now: number): boolean {
    const taken = this.#taken(now)
    const before: Waiter[] = []
    for (const other of this.#waiting) {
      if (now - other.at > READING_MS) this.#waiting.delete(other)
      else if (isBefore(other, waiter)) before.push(other)
    }
    for (const other of before) {
      const full = taken.findFull(other.shares, other.bytes)
      // A smaller body would pass it by, and the next one, too.
      if (full !== undefined && waiter.shares.includes(full)) return false
      if (full === undefined) taken.add(other.shares, other.bytes)
    }
    return taken.findFull(waiter.shares, waiter.bytes) === undefined
  }

  #wait(waiter: Waiter, now: number): void {
    const { shares } = waiter
    waiter.at = now
    if (this.#waiting.has(waiter)) return
    const count = (share: string): number =>
      [...this.#waiting].filter((other) => other.shares.includes(share)).length
    const isCrowded = count(shares[0]) >= MAX_PRINCIPAL_WAITING || count(shares[1]) >= MAX_WAITING
    if (isCrowded) throw full()
    this.#waiting.add(waiter)
  }

  #taken(now: number): Taken {
    const taken = new Taken()
    for (const place of this.#places) {
      const { shares, bytes, came } = place
      if (place.keptUntil <= now) this.#places.delete(place)
      else if (place.isThere || now < place.fastUntil) taken.add(shares, bytes)
      else {
        const [principal, ...others] = shares
        // All of it, so that the bodies of one principal do not wait for each other half read.
        addTo(taken.all, principal, bytes)
        for (const share of others) {
          addTo(taken.all, share, came)
          addTo(taken.slow, share, came)
        }
      }
    }
    return taken
  }

  #countOf(principal: string): number {
    return [...this.#places, ...this.#waiting].filter(({ shares }) => shares[0] === principal)
      .length
  }
}

function isBefore(one: Waiter, other: Waiter): boolean {
  return one.turn < other.turn || (one.turn === other.turn && one.order < other.order)
}

function addTo(sums: Map<string, number>, name: string, bytes: number): void {
  sums.set(name, (sums.get(name) ?? 0) + bytes)
}

/** Asked again and again, not told: a request that was ended meanwhile takes nothing. */
async function poll<T>(ask: (now: number) => T | undefined): Promise<T> {
  const deadline = Date.now() + WAIT_MS
  for (;;) {
    const now = Date.now()
    const answer = ask(now)
    if (answer !== undefined) return answer
    if (now >= deadline) throw full()
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

function full(): GatewayError {
  return new GatewayError('too_many_bytes', { retryAfterMs: RETRY_AFTER_MS })
}
