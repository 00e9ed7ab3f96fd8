/**
 * The breakers of one server: its own, which opens where the server does not come up or cannot be
 * reached, and one of each caller, whose calls may end a process and leave those of others alone.
 */
import type { BreakerPhase, BreakerPolicy } from '#protocol/resilience.ts'
import type { Blamed } from './classify-outcome.ts'
import { Breaker, type BreakerState, type Judgement } from './breaker.ts'

/** The one that was made first, and is closed, leaves. One that is not is stored. */
const MAX_CALLERS = 1_000

/** The server's own breaker, where a breaker is known by its caller. */
export const OWN = ''

/** What a call was let in with; the numbers are what the two breakers are to be told. */
export interface Admission {
  readonly caller: string
  readonly breaker: Breaker
  readonly own: number
  readonly epoch: number
}

export interface BreakersOptions {
  /** As they were stored, by caller; the server's own under `OWN`. */
  states: ReadonlyMap<string, BreakerState>
  /** All its calls are one principal's: then there is the server's own alone. */
  isPersonal: boolean
  onTurn: (caller: string, from: BreakerState, breaker: Breaker) => void
}

const PHASES: readonly BreakerPhase[] = ['closed', 'half-open', 'open']

export class Breakers {
  readonly #own: Breaker
  readonly #callers = new Map<string, Breaker>()
  readonly #isPersonal: boolean
  readonly #onTurn: BreakersOptions['onTurn']

  constructor({ states, isPersonal, onTurn }: BreakersOptions) {
    this.#own = new Breaker(states.get(OWN))
    this.#isPersonal = isPersonal
    this.#onTurn = onTurn
    for (const [caller, state] of states) {
      if (caller !== OWN) this.#callers.set(caller, new Breaker(state))
    }
  }

  /** Lets a call in, or refuses it: `undefined`. */
  admit(caller: string, now: number, policy: BreakerPolicy): Admission | undefined {
    const own = this.#admitTo(this.#own, OWN, now, policy)
    if (own === undefined) return undefined
    const breaker = this.#of(caller)
    if (breaker === this.#own) return { caller, breaker, own, epoch: own }
    const epoch = this.#admitTo(breaker, caller, now, policy)
    if (epoch !== undefined) return { caller, breaker, own, epoch }
    this.#own.settle(own, 'neutral', now, policy)
    return undefined
  }

  #admitTo(
    breaker: Breaker,
    caller: string,
    now: number,
    policy: BreakerPolicy,
  ): number | undefined {
    const from = breaker.state
    const epoch = breaker.admit(now, policy)
    this.#noteTurn(breaker, caller, from)
    return epoch
  }

  /** Once for each call that was let in. */
  settle(
    { caller, breaker, own, epoch }: Admission,
    judgement: Judgement,
    blamed: Blamed,
    now: number,
    policy: BreakerPolicy,
  ): void {
    const isOwn = breaker === this.#own
    const isFailure = judgement === 'failure'
    const wasOwn = this.#own.state
    const isCallers = isFailure && blamed === 'caller' && !isOwn
    this.#own.settle(own, isCallers ? 'neutral' : judgement, now, policy)
    this.#noteTurn(this.#own, OWN, wasOwn)
    if (isOwn) return
    const was = breaker.state
    const isServers = isFailure && blamed === 'server'
    breaker.settle(epoch, isServers ? 'neutral' : judgement, now, policy)
    this.#noteTurn(breaker, caller, was)
  }

  /** For this caller. */
  phaseAt(caller: string, now: number): BreakerPhase {
    return worst([this.#own, this.#known(caller)], now)
  }

  /** For this caller; 0 while a call may try. */
  retryAfterMs(caller: string, now: number): number {
    return Math.max(this.#own.retryAfterMs(now), this.#known(caller).retryAfterMs(now))
  }

  /** For this caller, or over all: the worst. A caller's failures are not among the server's own. */
  report(now: number, policy: BreakerPolicy, caller?: string) {
    const known = caller === undefined ? [] : [this.#callers.get(caller)]
    const callers = caller === undefined ? [...this.#callers.values()] : known.filter(isThere)
    const all = [this.#own, ...callers]
    const state = worst(all, now)
    const worstOne = all.find((breaker) => breaker.phaseAt(now) === state) ?? this.#own
    const { calls, failures } = this.#own.counts(now, policy)
    const ofCallers = callers.map((one) => one.counts(now, policy).failures)
    const more = ofCallers.reduce((sum, one) => sum + one, 0)
    return {
      state,
      since: worstOne.state.since,
      retryAfterMs: worstOne.retryAfterMs(now),
      calls: calls + more,
      failures: failures + more,
    }
  }

  /** The server is another one. */
  reset(): void {
    this.#own.reset()
    // Calls that run hold theirs: they count for nothing any more.
    for (const breaker of this.#callers.values()) breaker.reset()
    this.#callers.clear()
  }

  #known(caller: string): Breaker {
    return this.#callers.get(caller) ?? this.#own
  }

  #of(caller: string): Breaker {
    if (this.#isPersonal || caller === OWN) return this.#own
    const known = this.#callers.get(caller)
    if (known !== undefined) return known
    const made = new Breaker()
    this.#callers.set(caller, made)
    if (this.#callers.size > MAX_CALLERS) this.#forget(caller)
    return made
  }

  #forget(except: string): void {
    for (const [caller, { state }] of this.#callers) {
      if (caller === except || state.phase !== 'closed') continue
      this.#callers.delete(caller)
      return
    }
    const [oldest] = this.#callers.keys()
    if (oldest !== undefined) this.#callers.delete(oldest)
  }

  #noteTurn(breaker: Breaker, caller: string, from: BreakerState): void {
    if (breaker.state !== from) this.#onTurn(caller, from, breaker)
  }
}

function isThere(breaker: Breaker | undefined): breaker is Breaker {
  return breaker !== undefined
}

function worst(breakers: readonly Breaker[], now: number): BreakerPhase {
  const found = breakers.map((breaker) => PHASES.indexOf(breaker.phaseAt(now)))
  return PHASES[Math.max(...found)] ?? 'closed'
}
