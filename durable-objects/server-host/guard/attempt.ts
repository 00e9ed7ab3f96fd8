/** One call on its way through its server's guard: waiting for room, running, or between two tries. */
import { GatewayError } from '#protocol/errors.ts'
import type { CallLog } from '#protocol/call-log.ts'
import type { CallGuard, ClientCall } from '../call/client-call.ts'
import type { Admission } from './breakers.ts'
import type { Judgement } from './breaker.ts'
import { isPassing, judge } from './classify-outcome.ts'

/** How a call is made. */
export interface Work {
  /**
   * Throws, or rejects, while no process has seen the call, or takes it over and settles it. A promise only
   * where that waits for something. May be called again.
   */
  call: (call: ClientCall, body: Uint8Array) => Promise<void> | undefined
  /** The call is over: whoever has it in hand lets go of it. */
  cancel: (call: ClientCall) => void
  /** Whether a call that a process has seen may run once more; may ask the server. Absent: it may not. */
  mayRepeat?: (call: ClientCall) => Promise<boolean>
  /** It has not begun, and is not started again. Runs after the call is settled. */
  onFailed?: () => void
}

/** Starts it. `onRefused` is called in a later step: of many that wait, each may fail at once. */
export function begin(
  start: () => Promise<void> | undefined,
  onBegun: () => void,
  onRefused: (cause: unknown) => void,
): void {
  let starting: Promise<void> | undefined
  try {
    starting = start()
  } catch (error) {
    return queueMicrotask(() => onRefused(error))
  }
  if (starting === undefined) onBegun()
  else starting.then(onBegun, onRefused)
}

/** What enforces a deadline elsewhere knows better why it has passed, and comes first. */
const DEADLINE_GRACE_MS = 300

/** What an attempt asks of its server's guard. */
interface AttemptGuard {
  /** Whether one more try is within the budget; takes it. */
  takeRetry(): boolean
  /** Whether one that was let in may still go on. */
  mayStart(attempt: Attempt): boolean
  /** The pause before the next try, where there is to be one. Milliseconds. */
  pauseFor(error: GatewayError, about: PauseFacts): number | undefined
  /** The call is settled. */
  leave(attempt: Attempt, judgement: Judgement, outcome: CallLog['outcome']): void
}

export interface PauseFacts {
  /** Tries that were made. */
  attempts: number
  /** `Date.now()` */
  deadline: number
  /** Most tries, where the call's route says so. */
  most?: number | undefined
  caller?: string
}

interface AttemptOptions {
  guard: AttemptGuard
  call: ClientCall
  body: Uint8Array
  work: Work
  admission: Admission | undefined
}

export class Attempt implements CallGuard {
  readonly call: ClientCall
  /** What the breaker let it in with; absent where there is none. */
  readonly admission: Admission | undefined
  readonly #guard: AttemptGuard
  readonly #body: Uint8Array
  readonly #work: Work
  awaitsProcess = false
  #isRunning = false
  /** Was started, and has not rejected. */
  #isStarting = false
  #isBlameless = false
  #attempts = 0
  /** A next try is being decided on, or waited for. */
  #isBetween = false

  constructor({ guard, call, body, work, admission }: AttemptOptions) {
    this.#guard = guard
    this.call = call
    this.#body = body
    this.#work = work
    this.admission = admission
  }

  /** Has a place in the bulkhead. */
  get isRunning(): boolean {
    return this.#isRunning
  }

  start(): void {
    this.#isRunning = true
    this.#isStarting = true
    this.#attempts++
    this.awaitsProcess = true
    begin(() => this.#work.call(this.call, this.#body), this.#delivered, this.#refuse)
  }

  takesOver(error: GatewayError): boolean {
    this.#isBlameless = error.isBlameless
    if (this.#isBetween) return isPassing(error)
    if (this.call.undelivered) return this.#tryLater(error)
    if (this.#pause(error) === undefined) return false
    const deciding = this.#work.mayRepeat?.(this.call)
    if (deciding === undefined) return false
    this.#isBetween = true
    deciding.then(
      (may) => this.#decided(may, error),
      () => this.#decided(false, error),
    )
    return true
  }

  takeRepetition(): boolean {
    return this.#guard.takeRetry()
  }

  onSettled(outcome: CallLog['outcome'], processMs: number | undefined): void {
    const wasHeard = processMs !== undefined
    const judgement = judge(outcome, { wasHeard, isBlameless: this.#isBlameless })
    this.#guard.leave(this, judgement, outcome)
    const { onFailed } = this.#work
    // The answer leaves first.
    if (!this.#isStarting && onFailed !== undefined) queueMicrotask(onFailed)
  }

  expire(now: number): void {
    if (this.call.settled || this.call.deadline + DEADLINE_GRACE_MS > now) return
    this.call.lose(new GatewayError('call_timeout'))
    this.#work.cancel(this.call)
  }

  readonly #delivered = (): void => {
    this.awaitsProcess = false
  }

  /** The process has not seen it. */
  readonly #refuse = (cause: unknown): void => {
    const error = GatewayError.from(cause)
    this.#isStarting = this.awaitsProcess = false
    if (this.call.settled) return this.#work.onFailed?.()
    this.#isBlameless = error.isBlameless
    if (!this.#tryLater(error)) this.call.lose(error)
  }

  #decided(may: boolean, error: GatewayError): void {
    this.#isBetween = false
    if (this.call.settled) return
    if (!may || !this.#tryLater(error)) this.call.lose(error)
  }

  #tryLater(error: GatewayError): boolean {
    const pause = this.#pause(error)
    if (pause === undefined || !this.#guard.takeRetry()) return false
    this.#isBetween = true
    setTimeout(() => {
      this.#isBetween = false
      if (this.call.settled) return
      this.call.undelivered = false
      if (this.#guard.mayStart(this)) this.start()
      else this.call.lose(error)
    }, pause)
    return true
  }

  #pause(error: GatewayError): number | undefined {
    const attempts = this.#attempts + (this.call.repeated ? 1 : 0)
    const { deadline, host } = this.call
    return this.#guard.pauseFor(error, {
      attempts,
      deadline,
      most: host.route?.attempts,
      caller: host.principal,
    })
  }
}
