/**
 * The circuit breaker of one server. It opens by the rate of failures, or by failures in a row; lets
 * a few calls try after a while; and closes when they succeed. The clock is an argument.
 */
import type { BreakerPhase, BreakerPolicy } from '#protocol/resilience.ts'
import { FailureWindow } from './failure-window.ts'

/** neutral: it says nothing of the server. */
export type Judgement = 'success' | 'failure' | 'neutral'

/** Replaced, never changed: another object is another state. Times are `Date.now()`. */
export interface BreakerState {
  readonly phase: BreakerPhase
  /** Absent while there was no change. */
  readonly since?: number
  /** While open: when a call may try. */
  readonly until?: number
}

export class Breaker {
  #state: BreakerState
  /** Outcomes of calls that were let in under an earlier state count for nothing. */
  #epoch = 0
  #consecutive = 0
  /** Half-open: calls that try, and those that have succeeded. */
  #trying = 0
  #succeeded = 0
  readonly #window = new FailureWindow()

  /** Goes on from `state`, where one was stored. */
  constructor(state: BreakerState = { phase: 'closed' }) {
    this.#state = state
  }

  get state(): BreakerState {
    return this.#state
  }

  get consecutive(): number {
    return this.#consecutive
  }

  /** Lets a call in, and says what `settle` is to be told with it; `undefined`: it is refused. */
  admit(now: number, policy: BreakerPolicy): number | undefined {
    if (this.#state.phase === 'closed') return this.#epoch
    if (this.phaseAt(now) === 'open') return undefined
    if (this.#state.phase === 'open') this.#turn({ phase: 'half-open', since: now })
    if (this.#trying + this.#succeeded >= policy.halfOpenCalls) return undefined
    this.#trying++
    return this.#epoch
  }

  /** Once for each call that was let in. */
  settle(epoch: number, judgement: Judgement, now: number, policy: BreakerPolicy): void {
    if (epoch !== this.#epoch) return
    if (this.#state.phase === 'half-open') return this.#settleTry(judgement, now, policy)
    if (judgement === 'neutral') return
    this.#window.add(judgement === 'failure', now, policy.windowMs)
    if (judgement === 'success') {
      this.#consecutive = 0
      return
    }
    this.#consecutive++
    if (this.#isTooMuch(now, policy)) this.#open(now, policy)
  }

  /** Open only as long as nothing may try. */
  phaseAt(now: number): BreakerPhase {
    const { phase, until = 0 } = this.#state
    return phase === 'open' && now >= until ? 'half-open' : phase
  }

  /** Until a call may try; 0 while it may. */
  retryAfterMs(now: number): number {
    return this.phaseAt(now) === 'open' ? (this.#state.until ?? now) - now : 0
  }

  counts(now: number, policy: BreakerPolicy): { calls: number; failures: number } {
    return this.#window.read(now, policy.windowMs)
  }

  /** The server is another one. */
  reset(): void {
    this.#turn({ phase: 'closed' })
  }

  #settleTry(judgement: Judgement, now: number, policy: BreakerPolicy): void {
    this.#trying--
    if (judgement === 'failure') return this.#open(now, policy)
    if (judgement === 'success') this.#succeeded++
    if (this.#succeeded >= policy.halfOpenCalls) this.#turn({ phase: 'closed', since: now })
  }

  #isTooMuch(now: number, policy: BreakerPolicy): boolean {
    if (this.#consecutive >= policy.consecutiveFailures) return true
    const { calls, failures } = this.#window.read(now, policy.windowMs)
    return calls >= policy.minimumCalls && failures >= calls * policy.failureRate
  }

  #open(now: number, { openMs }: BreakerPolicy): void {
    this.#turn({ phase: 'open', since: now, until: now + openMs })
  }

  /** What was counted stays to be seen while it is open. */
  #turn(state: BreakerState): void {
    this.#state = state
    this.#epoch++
    this.#trying = 0
    this.#succeeded = 0
    if (state.phase !== 'closed') return
    this.#consecutive = 0
    this.#window.clear()
  }
}
