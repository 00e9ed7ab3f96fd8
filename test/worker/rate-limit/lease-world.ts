/**
 * Several isolates with a lease book each, over one limiter, on a simulated network: messages take
 * their time, get lost, and overtake each other. Remembers every unit that was admitted.
 */
import type { Answer, Ask } from '#protocol/limiter.ts'
import type { CounterState } from '#durable-objects/rate-limiter/algorithms/by-name.ts'
import { decide } from '#durable-objects/rate-limiter/decide.ts'
import type { Claim } from '#worker/rate-limit/applicable.ts'
import type { Errand } from '#worker/rate-limit/lease-request.ts'
import { createLeaseBook, type LeaseBook } from '#worker/rate-limit/leases.ts'

export interface WorldOptions {
  isolates: number
  random: () => number
  /** Longest way of a message, in milliseconds. */
  delayMs: number
  /** Part of the errands that are lost, on the way there or back. */
  loss: number
}

interface Isolate {
  book: LeaseBook
  /** Of its clock, against the limiter's. */
  skewMs: number
}

interface Event {
  at: number
  run: () => void
}

export class LeaseWorld {
  now = Date.UTC(2026, 10, 30, 23, 59, 50)
  /** By the key of the counter: each unit when it was taken, from a lease or at the limiter. */
  readonly admitted = new Map<string, number[]>()
  /** What the limiter has charged, and got back. */
  readonly charged = new Map<string, number>()
  requests = 0
  objectCalls = 0
  refusals = 0
  readonly #options: WorldOptions
  readonly #isolates: Isolate[]
  readonly #states = new Map<string, CounterState>()
  readonly #events: Event[] = []

  constructor(options: WorldOptions) {
    this.#options = options
    this.#isolates = Array.from({ length: options.isolates }, () => ({
      book: createLeaseBook(),
      skewMs: Math.floor((options.random() - 0.5) * 20_000),
    }))
  }

  /** A request arrives, somewhere or at a certain isolate. */
  request(claims: readonly Claim[], at?: number): void {
    this.requests++
    const index = at ?? Math.floor(this.#options.random() * this.#isolates.length)
    const isolate = this.#isolates[index]
    if (isolate === undefined) throw new Error('no isolate')
    const plan = isolate.book.plan(claims, this.now + isolate.skewMs)
    if (plan.kind === 'refused') this.refusals++
    if (plan.kind === 'unknown') return this.#send(isolate, plan.errand, claims)
    if (plan.kind !== 'admitted') return
    this.#admit(claims, this.now)
    if (plan.renewal !== undefined) this.#send(isolate, plan.renewal)
  }

  /** Lets time pass, and what falls into it happen. */
  advance(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const next = this.#events.reduce<Event | undefined>(
        (first, event) => (first === undefined || event.at < first.at ? event : first),
        undefined,
      )
      if (next === undefined || next.at > end) break
      this.#events.splice(this.#events.indexOf(next), 1)
      this.now = next.at
      next.run()
    }
    this.now = end
  }

  /** `claims`: of the request that waits for it; a renewal is waited for by none. */
  #send({ book, skewMs }: Isolate, errand: Errand, claims?: readonly Claim[]): void {
    this.objectCalls++
    const { random, loss } = this.#options
    const isLostThere = random() < loss / 2
    const isLostBack = random() < loss / 2
    if (isLostThere) return this.#later(() => book.giveUp(errand, false))
    this.#later(() => {
      const answer = this.#take(errand.asks)
      const takenAt = this.now
      this.#later(() => {
        if (isLostBack) return book.giveUp(errand, false)
        const refused = book.settle(errand, answer, this.now + skewMs)
        if (claims === undefined) return
        if (refused.length > 0) this.refusals++
        else this.#admit(claims, takenAt)
      })
    })
  }

  #take(asks: Ask[]): Answer {
    const keyOf = ({ limit, subject }: Ask): string => `${limit}:${subject}`
    const states = asks.map((ask) => this.#states.get(keyOf(ask)))
    // As it passes an RPC.
    const { answer, changes } = decide(structuredClone(asks), states, this.now)
    for (const { index, state } of changes) {
      const ask = asks[index]
      if (ask !== undefined) this.#states.set(keyOf(ask), JSON.parse(JSON.stringify(state)))
    }
    for (const [index, ask] of asks.entries()) {
      const granted = answer.admitted ? (answer.grants[index]?.granted ?? 0) : 0
      const key = keyOf(ask)
      const charged = (this.charged.get(key) ?? 0) + granted - (ask.back?.amount ?? 0)
      this.charged.set(key, charged)
    }
    return answer
  }

  #admit(claims: readonly Claim[], at: number): void {
    for (const { counter, subject, cost } of claims) {
      const key = `${counter}:${subject}`
      const times = this.admitted.get(key) ?? []
      for (let unit = 0; unit < cost; unit++) times.push(at)
      this.admitted.set(key, times)
    }
  }

  #later(run: () => void): void {
    const at = this.now + Math.floor(this.#options.random() * this.#options.delayMs)
    this.#events.push({ at, run })
  }
}

/** The most units in any interval, less what an interval of that length may have. */
export function worstExcess(times: readonly number[], allowed: (ms: number) => number): number {
  const sorted = times.toSorted((one, other) => one - other)
  let worst = -Infinity
  for (let first = 0; first < sorted.length; first++) {
    for (let last = first; last < sorted.length; last++) {
      const ms = (sorted[last] ?? 0) - (sorted[first] ?? 0)
      worst = Math.max(worst, last - first + 1 - allowed(ms))
    }
  }
  return worst
}
