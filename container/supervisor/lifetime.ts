import { isProbeId, type Launch } from '#protocol/link.ts'

/** How soon a process that was busy past its bound is looked at again. */
const BUSY_CHECK_MS = 1_000

/** How often one that is to finish is looked at. */
const FINISH_CHECK_MS = 50

/** What follows an answer at once, as a call does an `initialize`, still finds the process there. */
const FINISHED_MS = 250

/** The requests that it has not answered. */
interface InFlight {
  readonly size: number
  readonly isAwaited: boolean
}

type Bounds = Pick<Launch, 'idleTimeoutMs' | 'maxLifetimeMs'>

/**
 * Says when a leased process has been idle for too long, or is idle and too old. Idle: no call in
 * flight. One timer, set anew only when it fires, since messages are many.
 */
export class Lifetime {
  readonly #bounds: Bounds
  readonly #inFlight: InFlight
  readonly #onExpire: (reason: 'idle' | 'lifetime' | 'shutdown') => void
  #startedAt = 0
  #touchedAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    bounds: Bounds,
    inFlight: InFlight,
    onExpire: (reason: 'idle' | 'lifetime' | 'shutdown') => void,
  ) {
    this.#bounds = bounds
    this.#inFlight = inFlight
    this.#onExpire = onExpire
  }

  start(): void {
    this.#startedAt = performance.now()
    this.touch()
    this.#check()
  }

  get idleMs(): number | undefined {
    return this.#inFlight.size > 0 ? undefined : performance.now() - this.#touchedAt
  }

  get quietMs(): number | undefined {
    return this.#inFlight.isAwaited ? undefined : performance.now() - this.#touchedAt
  }

  /** `id`: of the message, or of the request that it cancels. */
  touch(id?: string | number | null): void {
    if (isProbeId(id)) return
    this.#touchedAt = performance.now()
  }

  /** It expires once nobody waits for an answer. */
  finish(): void {
    this.stop()
    const now = performance.now()
    if (!this.#inFlight.isAwaited && now - this.#touchedAt >= FINISHED_MS) {
      return this.#onExpire('shutdown')
    }
    this.#timer = setTimeout(() => this.finish(), FINISH_CHECK_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  readonly #check = (): void => {
    const now = performance.now()
    const { idleTimeoutMs, maxLifetimeMs } = this.#bounds
    const idleLeft = this.#touchedAt + idleTimeoutMs - now
    const lifeLeft = this.#startedAt + maxLifetimeMs - now
    const isBusy = this.#inFlight.size > 0
    if (!isBusy && idleLeft <= 0) return this.#onExpire('idle')
    if (!isBusy && lifeLeft <= 0) return this.#onExpire('lifetime')
    const wait = Math.max(Math.min(idleLeft, lifeLeft), isBusy ? BUSY_CHECK_MS : 1)
    this.#timer = setTimeout(this.#check, Math.ceil(wait))
    this.#timer.unref()
  }
}
