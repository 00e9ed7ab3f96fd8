/** What one call of the RateLimiter object is to ask, and what is set aside meanwhile. */
import type { Ask } from '#protocol/limiter.ts'
import type { Claim } from './applicable.ts'
import { deniedFor, isLow, nextWant, type Entry, type Lease, type Reservation } from './lease.ts'

/** Until another request sets out for a lease when the one that did has not come back. */
const ERRAND_MS = 2_000
/** What of a batch is left when the next is asked for, and when that of another limit goes along. */
const RENEW_BELOW = 1 / 2
const RENEW_ALONG_BELOW = 3 / 4

/** What is known of a claim: the lease that its cost was taken from, if there is one. */
export interface Holding {
  claim: Claim
  entry: Entry
  lease: Lease | undefined
}

export interface Errand {
  asks: Ask[]
  sentAt: number
  asked: Asked[]
  /** What the request took from leases: its own if all is granted. */
  reserved: Reservation[]
}

interface Asked {
  claim: Claim
  entry: Entry
  /** Of what is granted, for the request itself. */
  charged: number
  /** It is out for a lease: others of the counter are not, meanwhile. */
  leads: boolean
}

/** For a request: all that it lacks, and with it what the next requests will need. */
export function toErrand(holdings: readonly Holding[], now: number): Errand {
  const errand: Errand = { asks: [], sentAt: now, asked: [], reserved: [] }
  for (const { claim, entry, lease } of holdings) {
    if (lease !== undefined) {
      errand.reserved.push({ claim, entry, lease })
      continue
    }
    const { cost } = claim
    const leads = !isOut(entry, now)
    const want = leads ? Math.max(cost, nextWant(entry, claim, now)) : cost
    addAsk(errand, { claim, entry, charged: cost, leads }, want)
  }
  return errand
}

/** Beside a request that has all it needs: leases that will soon be spent. */
export function toRenewal(holdings: readonly Holding[], now: number): Errand | undefined {
  const isDue = ({ entry }: Holding, part: number): boolean =>
    isLow(entry, part, now) && !isOut(entry, now) && deniedFor(entry, 1, now) === undefined
  if (!holdings.some((holding) => isDue(holding, RENEW_BELOW))) return undefined
  const errand: Errand = { asks: [], sentAt: now, asked: [], reserved: [] }
  for (const holding of holdings) {
    if (!isDue(holding, RENEW_ALONG_BELOW)) continue
    const { claim, entry } = holding
    const want = nextWant(entry, claim, now)
    if (want > 0) addAsk(errand, { claim, entry, charged: 0, leads: true }, want)
  }
  return errand.asks.length > 0 ? errand : undefined
}

export function endErrand({ asked }: Errand): void {
  for (const { entry, leads } of asked) if (leads) entry.errandUntil = 0
}

function addAsk(errand: Errand, asked: Asked, want: number): void {
  const { claim, entry, charged, leads } = asked
  const { counter: limit, subject, spec } = claim
  const { back } = entry
  entry.back = undefined
  if (leads) entry.errandUntil = errand.sentAt + ERRAND_MS
  const cost = Math.max(1, charged)
  errand.asks.push({ limit, subject, spec, cost, want, ...(back && { back }) })
  errand.asked.push(asked)
}

function isOut({ errandUntil }: Entry, now: number): boolean {
  return now < errandUntil && errandUntil <= now + ERRAND_MS
}
