/**
 * What this isolate knows of one counter: leases that it may spend by itself, what is asked of it,
 * and a refusal that still holds. Pure, on a mutable entry.
 *
 * Each leased unit is in exactly one place: in a lease, spent, on its way back, or lost.
 */
import type { Ask, CounterSpec, Grant } from '#protocol/limiter.ts'
import type { Claim } from './applicable.ts'

/** An isolate holds at most one part of so many of what is allowed at once. */
const SHARES_OF_LIMIT = 20
/** The same for quotas: an isolate that falls silent keeps what it leased. */
const SHARES_OF_QUOTA = 100
/** A refusal by a quota is asked about again after this long: another isolate may have given back. */
const QUOTA_DENIAL_MS = 30_000
/** Refusals of a hot counter in one lease's life, at most. */
const DENIALS_A_LIFE = 4
/** Live ones at once: each is asked for when the former is half spent. */
const MAX_LEASES = 4
/** What a lease is taken to live before the first one has told. */
const DEFAULT_LIFE_MS = 1_000

export interface Lease {
  left: number
  /** Before it the clock went back, and the lease counts for nothing. */
  from: number
  until: number
  /** Quotas: the period that it was charged to. */
  epoch: number | undefined
}

interface Denial {
  cost: number
  from: number
  /** The cost is admitted then. */
  until: number
  /** The object is asked again. */
  askAt: number
}

export interface Entry {
  /** In the order in which they were asked for. */
  leases: Lease[]
  /** What the isolate wants to hold: a life's use, as it was lately. */
  batch: number
  /** What requests took since the last errand for a lease. */
  demand: number
  since: number
  /** Of the last lease. */
  lifeMs: number
  /** While a request is out for a lease, others ask for themselves alone. */
  errandUntil: number
  denial: Denial | undefined
  /** Quotas: left of ended leases. */
  back: { amount: number; epoch: number } | undefined
  /** Quotas: the period of the last grant. */
  epoch: number | undefined
}

export function createEntry(): Entry {
  return {
    ...{ leases: [], batch: 1, demand: 0, since: -Infinity, lifeMs: DEFAULT_LIFE_MS },
    ...{ errandUntil: 0, denial: undefined, back: undefined, epoch: undefined },
  }
}

/** The lease that a cost is taken from: of those that are alive the oldest that has enough. */
export function leaseFor({ leases }: Entry, cost: number): Lease | undefined {
  return leases.find(({ left }) => left >= cost)
}

function isAlive({ from, until }: Lease, now: number): boolean {
  return from <= now && now < until
}

/** How long a cost is known to be refused; `undefined` when that is not known. */
export function deniedFor({ denial }: Entry, cost: number, now: number): number | undefined {
  if (denial === undefined || cost < denial.cost) return undefined
  return denial.from <= now && now < denial.askAt ? denial.until - now : undefined
}

/**
 * Keeps a refusal, and returns how long. Of a hot counter no shorter than a part of a lease's life:
 * where something comes free each millisecond, not every request has to ask.
 */
export function deny(
  entry: Entry,
  { cost, spec }: Pick<Ask, 'cost' | 'spec'>,
  retryAfterMs: number,
  now: number,
): number {
  const leastMs = entry.batch > 1 ? Math.ceil(entry.lifeMs / DENIALS_A_LIFE) : 0
  const keptMs = Math.max(retryAfterMs, leastMs)
  const until = now + keptMs
  const askAt = spec.algorithm === 'quota' ? Math.min(until, now + QUOTA_DENIAL_MS) : until
  entry.denial = { cost, from: now, until, askAt }
  return keptMs
}

/** Whether less than this part of the batch will be there a quarter of a life from now. */
export function isLow(entry: Entry, part: number, now: number): boolean {
  if (entry.batch < 2 || entry.leases.length >= MAX_LEASES) return false
  return leftAt(entry, now + entry.lifeMs / 4) < entry.batch * part
}

/**
 * What the next errand is to bring, so that the isolate holds what one life takes at the pace since
 * the last one; at most twice as much as it held or as was taken since, whichever is more. So a
 * batch doubles while leases are used up early, and falls when they are not.
 */
export function nextWant(entry: Entry, { spec, cost }: Claim, now: number): number {
  const elapsedMs = Math.max(1, now - entry.since)
  const pace = Math.ceil((entry.demand * entry.lifeMs) / elapsedMs)
  const twice = 2 * Math.max(entry.batch, entry.demand, cost)
  entry.batch = Math.max(1, Math.min(twice, pace, mostHeld(spec)))
  entry.demand = 0
  entry.since = now
  return entry.leases.length < MAX_LEASES ? entry.batch - leftAt(entry, now) : 0
}

function leftAt({ leases }: Entry, time: number): number {
  let left = 0
  for (const lease of leases) if (time < lease.until) left += lease.left
  return left
}

/** What an isolate may hold of a counter. 0 or 1: nothing is leased. */
export function mostHeld(spec: CounterSpec): number {
  if (spec.algorithm === 'quota') return Math.floor(spec.limit / SHARES_OF_QUOTA)
  const most = spec.algorithm === 'token-bucket' ? Math.min(spec.limit, spec.burst) : spec.limit
  return Math.floor(most / SHARES_OF_LIMIT)
}

/** Keeps so many of a grant. The life counts from the moment when it was asked for. */
export function keepLease(entry: Entry, left: number, grant: Grant, sentAt: number): void {
  entry.denial = undefined
  entry.lifeMs = grant.leaseMs
  entry.epoch = grant.epoch
  if (left === 0) return
  entry.leases.push({ left, from: sentAt, until: sentAt + grant.leaseMs, epoch: grant.epoch })
}

/** Drops leases that are over. What is left of a rate is lost: it may have grown back already. */
export function prune(entry: Entry, { algorithm }: CounterSpec, now: number): void {
  if (entry.leases.every((lease) => lease.left > 0 && isAlive(lease, now))) return
  for (const lease of entry.leases) {
    if (isAlive(lease, now)) continue
    if (algorithm === 'quota') addBack(entry, lease.left, lease.epoch)
    lease.left = 0
  }
  entry.leases = entry.leases.filter(({ left }) => left > 0)
}

export interface Reservation {
  claim: Claim
  entry: Entry
  lease: Lease
}

/** To its lease, also when that was dropped meanwhile: it is dropped again if it is over. */
export function putBack({ claim, entry, lease }: Reservation): void {
  lease.left += claim.cost
  if (!entry.leases.includes(lease)) entry.leases.unshift(lease)
}

/**
 * What undoes the charge that was just made, where that can be undone: of a quota. A rate has
 * counted the attempt.
 */
export function refundOf(entry: Entry | undefined, { cost, spec }: Claim): () => void {
  const epoch = entry?.epoch
  return () => {
    if (entry !== undefined && spec.algorithm === 'quota') addBack(entry, cost, epoch)
  }
}

/** Of two periods the newer counts: what is of the other is worth nothing soon. */
function addBack(entry: Entry, amount: number, epoch: number | undefined): void {
  if (amount === 0 || epoch === undefined) return
  const before = entry.back?.epoch === epoch ? entry.back.amount : 0
  entry.back = { amount: before + amount, epoch }
}
