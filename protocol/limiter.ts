/** What the worker and the RateLimiter object agree on. */

/** `v1:{tenant}:{shard}`. Each principal is counted by one shard of its tenant. */
export function limiterName(tenant: string, shard: number): string {
  return `v1:${tenant}:${shard}`
}

/** How one counter counts, with the share of this shard: integers, times in milliseconds. */
export type CounterSpec =
  | { algorithm: 'token-bucket'; limit: number; windowMs: number; burst: number }
  | { algorithm: 'sliding-window'; limit: number; windowMs: number }
  | { algorithm: 'fixed-window'; limit: number; windowMs: number }
  | { algorithm: 'quota'; limit: number; period: 'day' | 'month' }

/** One of the counters that a request is charged to. */
export interface Ask {
  /** The limit, and what makes its counts comparable; the same for all its subjects. */
  limit: string
  /** What is counted together: a principal, a tool; empty for the tenant. Not `*`. */
  subject: string
  spec: CounterSpec
  /** At least 1. */
  cost: number
  /** At least `cost`: what is beyond it is for later requests of the same isolate. */
  want: number
  /** Quotas: what was left of an earlier lease, of the period that began then. */
  back?: { amount: number; epoch: number }
}

export interface Grant {
  /** From `cost` to `want`. */
  granted: number
  /** What is beyond the cost may be spent for this long from the moment that the ask was sent. */
  leaseMs: number
  /** Quotas: when the period began, for what is given back. */
  epoch?: number
}

export interface Refusal {
  /** Which of the asks. */
  index: number
  /** The same cost is admitted after this long if nothing else is charged. `Infinity`: never. */
  retryAfterMs: number
}

/** All asks are charged, or none. */
export type Answer = { admitted: true; grants: Grant[] } | { admitted: false; refusals: Refusal[] }

/** The RateLimiter object's methods. Not idempotent: a repeated ask is charged again. */
export interface LimiterStub {
  take(asks: Ask[]): Promise<Answer>
}

/** A call that counts towards a concurrency limit, for the ServerHost object. */
export interface Occupancy {
  /** Of the limit. */
  name: string
  per: 'tenant' | 'principal' | 'tool'
  /** What is counted together. */
  key: string
  limit: number
}
