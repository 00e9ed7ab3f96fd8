/**
 * What every limit algorithm promises, with an independent reference: the list of all admissions,
 * over which the definition of the limit is evaluated anew for each decision.
 */
import { describe, expect, test } from 'vitest'
import type { Algorithm } from '#durable-objects/rate-limiter/algorithms/algorithm.ts'
import { createRandom } from '#test/support/random.ts'

export interface Admission {
  at: number
  cost: number
}

export interface LimitCase<Spec> {
  name: string
  spec: Spec
  /** What is admitted at once at most. */
  capacity: number
  /** By how much the clock may go back. */
  slipMs: number
  /** A usual pause between two calls. */
  pauseMs: number
  /** Default: the capacity, and now and then more. */
  largestCost?: number
  /** Of a simulation. Default: `STEPS`. */
  steps?: number
}

export interface LimitContract<Spec, State> {
  take: Algorithm<Spec, State>
  cases: LimitCase<Spec>[]
  /** The definition: whether one more may be admitted after these. */
  isAdmissible: (log: readonly Admission[], spec: Spec, next: Admission) => boolean
  /** Refusals although it is admissible, where the documentation allows them. */
  mayRefuse?: (log: readonly Admission[], spec: Spec, next: Admission) => boolean
}

const START = Date.UTC(2026, 10, 30, 23, 59, 58)
const SEEDS = 12
const STEPS = 400

export function describeLimitAlgorithm<Spec, State>(contract: LimitContract<Spec, State>): void {
  describe.each(contract.cases)('$name', (given) => {
    const { take } = contract
    const { spec, capacity, slipMs } = given

    test('a new counter admits what it may at once, and not one more', () => {
      const all = take(undefined, spec, capacity, START)

      expect(all).toMatchObject({ admitted: true, retryAfterMs: 0, remaining: 0 })
      expect(take(all.state, spec, 1, START)).toMatchObject({ admitted: false, remaining: 0 })
    })

    test('what costs more than there can ever be is never admitted, and others are', () => {
      const never = take(undefined, spec, capacity + 1, START)

      expect(never).toMatchObject({ admitted: false, retryAfterMs: Infinity, state: undefined })
      expect(take(never.state, spec, capacity, START).admitted).toBe(true)
    })

    test('a refusal leaves the state as it was', () => {
      const { state } = take(undefined, spec, capacity, START)

      expect(take(state, spec, 1, START).state).toBe(state)
    })

    test('a clock that goes back admits nothing more, and what it promises holds', () => {
      const { state } = take(undefined, spec, capacity, START)
      const now = START - slipMs
      const refused = take(state, spec, 1, now)

      expect(refused.admitted).toBe(false)
      expect(take(state, spec, 1, now + refused.retryAfterMs - 1).admitted).toBe(false)
      expect(take(state, spec, 1, now + refused.retryAfterMs).admitted).toBe(true)
    })

    test('a state from far in the future is worth nothing: it locks nobody out', () => {
      const { state } = take(undefined, spec, capacity, START + 400 * 86_400_000)

      expect(take(state, spec, capacity, START).admitted).toBe(true)
    })

    test('it is as good as new when it says so', () => {
      const { state, resetMs } = take(undefined, spec, capacity, START)

      expect(take(state, spec, capacity, START + resetMs - 1).admitted).toBe(false)
      expect(take(state, spec, capacity, START + resetMs).admitted).toBe(true)
    })

    test('it survives being stored as JSON', () => {
      const { state } = take(undefined, spec, capacity, START)

      expect(JSON.parse(JSON.stringify(state))).toEqual(state)
    })

    test('at any time and cost it decides as the list of all admissions does', () => {
      for (let seed = 1; seed <= SEEDS; seed++) simulate(contract, given, seed)
    })
  })
}

function simulate<Spec, State>(
  contract: LimitContract<Spec, State>,
  given: LimitCase<Spec>,
  seed: number,
): void {
  const world = new World(contract, given, seed)
  let step = 0
  try {
    for (; step < (given.steps ?? STEPS); step++) world.step()
  } catch (error) {
    throw new Error(`seed ${seed}, step ${step}: ${String(error)}`, { cause: error })
  }
  if (!world.hasSeenBoth) throw new Error(`seed ${seed}: not both decisions were seen`)
}

class World<Spec, State> {
  readonly #contract: LimitContract<Spec, State>
  readonly #case: LimitCase<Spec>
  readonly #random: () => number
  readonly #log: Admission[] = []
  #state: State | undefined
  #now: number
  #promised = 0
  #refusals = 0

  constructor(contract: LimitContract<Spec, State>, given: LimitCase<Spec>, seed: number) {
    this.#contract = contract
    this.#case = given
    this.#random = createRandom(seed)
    this.#now = START - Math.floor(this.#random() * 3_000)
  }

  get hasSeenBoth(): boolean {
    return this.#log.length > 0 && this.#refusals > 0
  }

  step(): void {
    this.#passTime()
    const cost = this.#pickCost()
    const { take } = this.#contract
    const { spec, capacity } = this.#case
    const next = { at: Math.max(this.#now, this.#latest), cost }
    const isAdmissible = this.#contract.isAdmissible(this.#log, spec, next)
    const taken = take(this.#state, spec, cost, this.#now)
    if (taken.admitted && !isAdmissible) throw new Error('admitted more than is allowed')
    if (!taken.admitted) {
      const mayRefuse = this.#contract.mayRefuse?.(this.#log, spec, next) ?? false
      if (isAdmissible && !mayRefuse) throw new Error('refused what is allowed')
      this.#refusals++
      this.#promised = taken.retryAfterMs
      if (taken.state !== this.#state) throw new Error('a refusal has charged')
      this.#checkPromise(cost, taken.retryAfterMs)
    } else {
      this.#state = taken.state
      this.#log.push(next)
      if (taken.retryAfterMs !== 0) throw new Error('admitted, and told to wait')
      const reset = take(this.#state, spec, capacity, this.#now + taken.resetMs)
      if (!reset.admitted) throw new Error('not as good as new when it said so')
    }
    const { remaining } = taken
    const hasRemaining = remaining === 0 || take(this.#state, spec, remaining, this.#now).admitted
    if (!hasRemaining) throw new Error('less is left than it said')
    if (take(this.#state, spec, remaining + 1, this.#now).admitted) throw new Error('more is left')
  }

  get #latest(): number {
    return this.#log.at(-1)?.at ?? -Infinity
  }

  #checkPromise(cost: number, retryAfterMs: number): void {
    const { take } = this.#contract
    const { spec, capacity } = this.#case
    if ((retryAfterMs === Infinity) !== cost > capacity) throw new Error('wrongly refused for ever')
    if (retryAfterMs === Infinity) return
    if (!Number.isInteger(retryAfterMs) || retryAfterMs < 1) throw new Error(`${retryAfterMs} ms`)
    const then = this.#now + retryAfterMs
    if (!take(this.#state, spec, cost, then).admitted) throw new Error('refused when it said')
    if (take(this.#state, spec, cost, then - 1).admitted) throw new Error('admitted too early')
  }

  #pickCost(): number {
    const { capacity, largestCost } = this.#case
    const roll = this.#random()
    if (roll < 0.6) return 1
    if (roll < 0.97) return 1 + Math.floor(this.#random() * (largestCost ?? capacity))
    return largestCost ?? capacity + 1
  }

  #passTime(): void {
    const { pauseMs, slipMs } = this.#case
    const roll = this.#random()
    if (roll < 0.25) return
    if (roll < 0.35 && Number.isFinite(this.#promised)) this.#now += this.#promised
    else if (roll < 0.85) this.#now += Math.floor(this.#random() * pauseMs * 2)
    else if (roll < 0.92) this.#now += Math.floor(this.#random() * slipMs * 3)
    else
      this.#now = Math.max(this.#now - Math.floor(this.#random() * slipMs), this.#latest - slipMs)
  }
}
