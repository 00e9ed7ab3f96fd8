/**
 * What guards one server: its breaker, its bulkhead, its budget of retries, and what was heard of it.
 * The edge of the pure parts beside it: here are the clock and the dice.
 */
import { GatewayError, type ErrorCode } from '#protocol/errors.ts'
import type { BreakerPhase, ResiliencePolicy, ResilienceReport } from '#protocol/resilience.ts'
import type { ClientCall } from '../call/client-call.ts'
import { Attempt, begin, type PauseFacts, type Work } from './attempt.ts'
import { pauseMs } from './backoff.ts'
import type { Breaker, BreakerState, Judgement } from './breaker.ts'
import { Breakers, OWN, type Admission } from './breakers.ts'
import { Bulkhead } from './bulkhead.ts'
import { Heard, healthOf } from './health.ts'
import { blamedFor, isFailure, isPassing } from './classify-outcome.ts'
import { RetryBudget } from './retry-budget.ts'

/** When room comes free, or a call that tries ends, is not known. */
const RETRY_AFTER_MS = 1_000

export interface Turned {
  /** Whose breaker it is, where it is not the server's own. */
  caller: string
  from: BreakerState
  to: BreakerState
  calls: number
  failures: number
  lastFailure: { code: ErrorCode; at: number } | undefined
}

export interface GuardOptions {
  policy: ResiliencePolicy
  /** As they were stored, by caller. */
  states: ReadonlyMap<string, BreakerState>
  isPersonal: boolean
  lastFailure: { code: ErrorCode; at: number } | undefined
  onTurn: (turned: Turned) => void
}

export class Guard {
  policy: ResiliencePolicy
  readonly #onTurn: GuardOptions['onTurn']
  readonly #breakers: Breakers
  readonly #bulkhead = new Bulkhead<Attempt>(({ call }) => call.host.principal)
  readonly #budget = new RetryBudget(Date.now())
  readonly #heard = new Heard()
  #lastFailure: { code: ErrorCode; at: number } | undefined

  constructor({ policy, states, isPersonal, lastFailure, onTurn }: GuardOptions) {
    this.policy = policy
    this.#breakers = new Breakers({
      states,
      isPersonal,
      onTurn: (...turn) => this.#turned(...turn),
    })
    this.#lastFailure = lastFailure
    this.#onTurn = onTurn
  }

  get inFlight(): number {
    return this.#bulkhead.inFlight
  }

  get queued(): number {
    return this.#bulkhead.queued
  }

  get heard(): Readonly<Pick<Heard, 'successAt'>> {
    return this.#heard
  }

  /** For this caller; without one, the server's own. */
  phaseAt(now: number, caller = OWN): BreakerPhase {
    return this.policy.breaker === false ? 'closed' : this.#breakers.phaseAt(caller, now)
  }

  /** Makes the call, has it wait, or refuses it. The warm path: no wait, and nothing is written. */
  run(call: ClientCall, body: Uint8Array, work: Work): void {
    const now = Date.now()
    // One that never ends by itself is neither counted nor judged.
    if (call.deadline === Infinity) return this.#runEndless(call, body, work)
    const { policy } = this
    const { principal } = call.host
    const admission = this.#admit(now, principal)
    const attempt = new Attempt({ guard: this, call, body, work, admission })
    call.guard = attempt
    if (admission === undefined && policy.breaker !== false) {
      return call.lose(this.#unavailable(now, principal))
    }
    if (policy.retries !== false) this.#budget.add(policy.retries.budgetRatio)
    const until = Math.min(now + policy.queueMs, call.deadline)
    const entered = this.#bulkhead.enter(attempt, until, policy)
    if (entered === 'runs') return attempt.start()
    if (entered === 'waits') return
    const { maxConcurrent, maxQueued } = policy
    const full = busy(
      `${calls(maxConcurrent)}, and ${maxQueued} ${maxQueued === 1 ? 'waits' : 'wait'}`,
    )
    const greedier = this.#bulkhead.greedier(attempt)
    if (greedier === undefined) return call.lose(full)
    this.#bulkhead.remove(greedier)
    this.#bulkhead.enter(attempt, until, policy)
    greedier.call.lose(full)
  }

  /** What has to be found out before a call can be made, under the same rules. */
  async learn<T>(until: Until, ask: () => Promise<T>): Promise<T> {
    const { deadline } = until
    const admission = this.#admit(Date.now())
    if (admission === undefined && this.policy.breaker !== false)
      throw this.#unavailable(Date.now())
    for (let attempts = 1; ; attempts++) {
      try {
        const found = await within(until, ask)
        this.#settle(admission, 'neutral')
        return found
      } catch (error) {
        const fault = GatewayError.from(error)
        const pause = this.pauseFor(fault, { attempts, deadline })
        if (pause === undefined || !this.takeRetry()) {
          this.#blame(admission, fault)
          throw fault
        }
        await new Promise((resolve) => setTimeout(resolve, pause))
      }
    }
  }

  /** A call is settled. The next one takes its place. */
  leave(attempt: Attempt, judgement: Judgement, outcome: string): void {
    if (judgement !== 'neutral') this.#hear(judgement, outcome, Date.now())
    this.#settle(attempt.admission, judgement, outcome)
    if (attempt.isRunning) this.#bulkhead.leave(this.policy)?.start()
    else this.#bulkhead.remove(attempt)
  }

  /** An active check was answered, or failed with this. */
  noteCheck(failure: GatewayError | undefined): void {
    const now = Date.now()
    const isAnswered = failure === undefined
    this.#heard.noteCheck(isAnswered, now)
    if (isAnswered || !isFailure(failure.code) || failure.isBlameless) return
    this.#lastFailure = { code: failure.code, at: now }
    // That it answers a ping does not show that it can do its work, so success opens nothing.
    if (this.phaseAt(now) === 'closed') this.#settle(this.#admit(now), 'failure')
  }

  /** The pause before the next try, where there is to be one. Milliseconds. */
  pauseFor(
    error: GatewayError,
    { attempts, deadline, most, caller }: PauseFacts,
  ): number | undefined {
    const { retries } = this.policy
    const now = Date.now()
    if (retries === false || !isPassing(error)) return undefined
    if (this.phaseAt(now, caller) !== 'closed') return undefined
    const { retryAfterMs: askedMs } = error
    const policy = most === undefined ? retries : { ...retries, attempts: most }
    return pauseMs({ attempts, now, deadline, random: Math.random(), askedMs }, policy)
  }

  takeRetry(): boolean {
    return this.policy.retries !== false && this.#budget.take(Date.now())
  }

  /** Whether one that was let in may still go on: the breaker may have opened meanwhile. */
  mayStart({ call }: Attempt): boolean {
    const now = Date.now()
    return this.phaseAt(now, call.host.principal) === 'closed' && call.deadline > now
  }

  /** Lets go of those that have waited too long. */
  tick(now: number): void {
    for (const attempt of this.#bulkhead.late(now)) {
      const { maxConcurrent, queueMs } = this.policy
      attempt.call.lose(busy(`${calls(maxConcurrent)}, and none ended within ${queueMs} ms`))
    }
  }

  /** The configuration has changed. `isAnother`: what is started is not what it was. */
  configure(policy: ResiliencePolicy, isAnother: boolean): void {
    this.policy = policy
    if (isAnother) {
      this.#heard.clear()
      this.#lastFailure = undefined
      this.#breakers.reset()
    }
    // There may be more room than there was.
    for (let next = this.#bulkhead.next(policy); next; next = this.#bulkhead.next(policy)) {
      next.start()
    }
  }

  /** For this caller; without one the worst of all. */
  report(now: number, caller?: string): ResilienceReport {
    const { breaker } = this.policy
    const told = breaker === false ? undefined : this.#breakers.report(now, breaker, caller)
    return {
      health: healthOf(this.#heard, told?.state ?? 'closed'),
      ...(told !== undefined && {
        breaker: {
          state: told.state,
          ...(told.since !== undefined && { since: told.since }),
          ...(told.retryAfterMs > 0 && { retryAfterMs: told.retryAfterMs }),
        },
      }),
      inFlight: this.inFlight,
      queued: this.queued,
      calls: told?.calls ?? 0,
      failures: told?.failures ?? 0,
      ...(this.#lastFailure !== undefined && { lastFailure: this.#lastFailure }),
      ...(this.#heard.successAt > 0 && { answeredAt: this.#heard.successAt }),
    }
  }

  #runEndless(call: ClientCall, body: Uint8Array, work: Work): void {
    const now = Date.now()
    const { principal } = call.host
    if (this.phaseAt(now, principal) === 'open') return call.lose(this.#unavailable(now, principal))
    begin(
      () => work.call(call, body),
      () => undefined,
      (error) => call.onLost(GatewayError.from(error)),
    )
  }

  #admit(now: number, caller = OWN): Admission | undefined {
    const { breaker } = this.policy
    return breaker === false ? undefined : this.#breakers.admit(caller, now, breaker)
  }

  #settle(admission: Admission | undefined, judgement: Judgement, outcome = ''): void {
    const { breaker: policy } = this.policy
    if (admission === undefined || policy === false) return
    this.#breakers.settle(admission, judgement, blamedFor(outcome), Date.now(), policy)
  }

  #blame(admission: Admission | undefined, { code, isBlameless }: GatewayError): void {
    const judgement = isFailure(code) && !isBlameless ? 'failure' : 'neutral'
    if (judgement === 'failure') this.#hear(judgement, code, Date.now())
    this.#settle(admission, judgement)
  }

  #hear(judgement: Judgement, outcome: string, now: number): void {
    this.#heard.note(judgement, now)
    if (judgement === 'failure') this.#lastFailure = { code: outcome as ErrorCode, at: now }
  }

  /** Those that wait and are refused from now on wait no longer. */
  #turned(caller: string, from: BreakerState, breaker: Breaker): void {
    const now = Date.now()
    const { breaker: policy } = this.policy
    const counts = policy === false ? { calls: 0, failures: 0 } : breaker.counts(now, policy)
    const to = breaker.state
    this.#onTurn({ caller, from, to, ...counts, lastFailure: this.#lastFailure })
    if (to.phase !== 'open') return
    for (const { call } of this.#bulkhead.waiting) {
      const { principal } = call.host
      if (caller === OWN || caller === principal) call.lose(this.#unavailable(now, principal))
    }
  }

  #unavailable(now: number, caller = OWN): GatewayError {
    const code = this.#lastFailure?.code
    return new GatewayError('server_unavailable', {
      ...(code !== undefined && { detail: `its calls failed, the last with ${code}` }),
      retryAfterMs: this.#breakers.retryAfterMs(caller, now) || RETRY_AFTER_MS,
    })
  }
}

/** `deadline`: `Date.now()`, after which it is asked whether to wait as long again. */
interface Until {
  deadline: number
  mayWaitOn: () => boolean
}

function calls(running: number): string {
  return running === 1 ? '1 call runs' : `${running} calls run`
}

function busy(detail: string): GatewayError {
  return new GatewayError('server_busy', { detail, retryAfterMs: RETRY_AFTER_MS })
}

/** Whoever asks waits no longer; what it asked for goes on, for others. */
async function within<T>({ deadline, mayWaitOn }: Until, ask: () => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const waitMs = Math.max(0, deadline - Date.now())
  const expire = (): void => {
    if (mayWaitOn()) timer = setTimeout(expire, waitMs)
    else late.reject(new GatewayError('server_start_timeout'))
  }
  let timer = setTimeout(expire, waitMs)
  try {
    return await Promise.race([ask(), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
