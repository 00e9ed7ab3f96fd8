/**
 * What this isolate may admit by itself, and what it knows to be refused. Most requests are decided
 * here; the others ask the RateLimiter object once, about all that is not known. Times are arguments.
 */
import { BoundedMap } from '#protocol/bounded-map.ts'
import type { Answer } from '#protocol/limiter.ts'
import type { Claim } from './applicable.ts'
import { endErrand, toErrand, toRenewal, type Errand, type Holding } from './lease-request.ts'
import {
  createEntry,
  deniedFor,
  deny,
  keepLease,
  leaseFor,
  prune,
  putBack,
  refundOf,
  type Entry,
} from './lease.ts'

/** Counters that an isolate knows of; the one asked about longest ago leaves. */
const MAX_ENTRIES = 10_000

export interface Refused {
  claim: Claim
  /** `Infinity`: never. */
  retryAfterMs: number
}

export type Plan =
  /** `renewal` may be run beside the request. */
  | { kind: 'admitted'; renewal?: Errand }
  | { kind: 'refused'; refused: [Refused, ...Refused[]] }
  | { kind: 'unknown'; errand: Errand }

const ADMITTED: Plan = { kind: 'admitted' }

export interface LeaseBook {
  /** Charges what is known here, or says what to ask; then `settle` or `giveUp` ends the errand. */
  plan(claims: readonly Claim[], now: number): Plan
  /** `now`: when the answer came. Returns the refusals, none when all is granted. */
  settle(errand: Errand, answer: Answer, now: number): Refused[]
  /** There is no answer. What was set aside is spent if the call goes on, and put back if not. */
  giveUp(errand: Errand, goesOn: boolean): void
  /** Right after a charge: what gives the quotas' part of it back, when the call comes to nothing. */
  refundOf(claims: readonly Claim[]): () => void
  readonly size: number
}

export function createLeaseBook(): LeaseBook {
  const entries = new BoundedMap<string, Entry>(MAX_ENTRIES)
  return {
    plan(claims, now) {
      const holdings = claims.map((claim) => toHolding(entries, claim, now))
      const refused = findDenied(holdings, now)
      if (refused !== undefined) return { kind: 'refused', refused }
      let isCovered = true
      for (const { claim, entry, lease } of holdings) {
        entry.demand += claim.cost
        if (lease === undefined) isCovered = false
        else lease.left -= claim.cost
      }
      if (!isCovered) {
        for (const holding of holdings)
          if (holding.lease === undefined) entries.set(holding.claim.key, holding.entry)
        return { kind: 'unknown', errand: toErrand(holdings, now) }
      }
      const renewal = toRenewal(holdings, now)
      return renewal === undefined ? ADMITTED : { kind: 'admitted', renewal }
    },
    settle(errand, answer, now) {
      endErrand(errand)
      const { asks, asked, reserved, sentAt } = errand
      if (answer.admitted) {
        for (const [index, { entry, charged }] of asked.entries()) {
          const grant = answer.grants[index]
          if (grant !== undefined) keepLease(entry, grant.granted - charged, grant, sentAt)
        }
        return []
      }
      for (const reservation of reserved) putBack(reservation)
      return answer.refusals.flatMap(({ index, retryAfterMs }) => {
        const [one, ask] = [asked[index], asks[index]]
        if (one === undefined || ask === undefined) return []
        const keptMs = deny(one.entry, ask, retryAfterMs, now)
        return [{ claim: one.claim, retryAfterMs: keptMs }]
      })
    },
    giveUp(errand, goesOn) {
      endErrand(errand)
      if (!goesOn) for (const reservation of errand.reserved) putBack(reservation)
    },
    refundOf(claims) {
      const refunds = claims.map((claim) => refundOf(entries.get(claim.key), claim))
      return () => {
        for (const refund of refunds) refund()
      }
    },
    get size() {
      return entries.size
    },
  }
}

function toHolding(entries: Map<string, Entry>, claim: Claim, now: number): Holding {
  const entry = entries.get(claim.key) ?? createEntry()
  prune(entry, claim.spec, now)
  return { claim, entry, lease: leaseFor(entry, claim.cost) }
}

/** What a lease covers is not refused, whatever the object had to say of others. */
function findDenied(
  holdings: readonly Holding[],
  now: number,
): [Refused, ...Refused[]] | undefined {
  let refused: [Refused, ...Refused[]] | undefined
  for (const { claim, entry, lease } of holdings) {
    if (lease !== undefined) continue
    const retryAfterMs = deniedFor(entry, claim.cost, now)
    if (retryAfterMs === undefined) continue
    if (refused === undefined) refused = [{ claim, retryAfterMs }]
    else refused.push({ claim, retryAfterMs })
  }
  return refused
}
