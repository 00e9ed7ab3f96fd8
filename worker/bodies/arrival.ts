/**
 * How fast a body must arrive. Most are there with their headers. One that is not is slow, of which a
 * credential may have a few at once, and one that hardly moves is cut off.
 */
import { GatewayError } from '#protocol/errors.ts'

/** A body that is not there after this is slow. */
const SLOW_AFTER_MS = 1_000
/** Slow bodies of one credential in an isolate. */
const MAX_SLOW_BODIES = 32
/** In each window so much must come: 16 KiB a second. */
const WINDOW_MS = 10_000
const MIN_WINDOW_BYTES = 160 * 1024
/** Longest that a body may take, however steadily it comes. */
const MAX_ARRIVAL_MS = 120_000

/** The slow bodies that are open in an isolate. */
export class SlowBodies {
  readonly #open = new Map<Arrival, { credential: string; at: number }>()

  /** False when the credential has too many of them. */
  add(credential: string, arrival: Arrival, now: number): boolean {
    let count = 0
    for (const [other, { credential: owner, at }] of this.#open) {
      // The platform may end a request without a word.
      if (now - at > MAX_ARRIVAL_MS) this.#open.delete(other)
      else if (owner === credential) count++
    }
    if (count >= MAX_SLOW_BODIES) return false
    this.#open.set(arrival, { credential, at: now })
    return true
  }

  get size(): number {
    return this.#open.size
  }

  delete(arrival: Arrival): void {
    this.#open.delete(arrival)
  }
}

const doNothing = (): void => {}

/** One body on its way. */
export class Arrival {
  readonly #slow: SlowBodies
  readonly #credential: string
  #began = Date.now()
  #bytes = 0
  #counted = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  /** What the timer does, and when. */
  #next: () => void = doNothing
  #dueAt = 0
  #onCut: ((error: GatewayError) => void) | undefined

  constructor(slow: SlowBodies, credential: string) {
    this.#slow = slow
    this.#credential = credential
  }

  /** What `read` resolves with. Rejects with `body_too_slow` when that takes too long, or `call_cancelled`. */
  inTime<T>(read: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onCut = reject
      if (this.#timer === undefined) this.#schedule(() => this.#onSlow(), SLOW_AFTER_MS)
      // Nothing but its client ends a body early.
      read.then(resolve, (cause) => reject(new GatewayError('call_cancelled', { cause })))
    })
  }

  add(bytes: number): void {
    this.#bytes += bytes
  }

  /** Its time stands still until what is returned is called. */
  pause(): () => void {
    const pausedAt = Date.now()
    const timer = this.#timer
    if (timer !== undefined) clearTimeout(timer)
    return () => {
      this.#began += Date.now() - pausedAt
      if (timer !== undefined) this.#schedule(this.#next, Math.max(0, this.#dueAt - pausedAt))
    }
  }

  /** It is there, or nobody waits for it any more. */
  end(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
    this.#slow.delete(this)
  }

  #schedule(next: () => void, ms: number): void {
    this.#next = next
    this.#dueAt = Date.now() + ms
    this.#timer = setTimeout(next, ms)
  }

  #onSlow(): void {
    if (!this.#slow.add(this.#credential, this, Date.now())) {
      return this.#cut(`more than ${MAX_SLOW_BODIES} slow bodies come with this credential`)
    }
    this.#schedule(() => this.#onWindow(), WINDOW_MS - SLOW_AFTER_MS)
  }

  #onWindow(): void {
    const came = this.#bytes - this.#counted
    this.#counted = this.#bytes
    if (came < MIN_WINDOW_BYTES) {
      return this.#cut(`at least ${MIN_WINDOW_BYTES} bytes must come in ${WINDOW_MS / 1_000} s`)
    }
    if (Date.now() - this.#began >= MAX_ARRIVAL_MS) {
      return this.#cut(`it must be there in ${MAX_ARRIVAL_MS / 1_000} s`)
    }
    this.#schedule(() => this.#onWindow(), WINDOW_MS)
  }

  #cut(detail: string): void {
    this.#onCut?.(new GatewayError('body_too_slow', { detail }))
  }
}
