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

/** The slow bodies that are open in an isolate, by credential. */
export class SlowBodies {
  readonly #open = new Map<string, Map<Arrival, number>>()

  /** False when the credential has too many of them. */
  add(credential: string, arrival: Arrival, now: number): boolean {
    const open = this.#open.get(credential) ?? new Map<Arrival, number>()
    // The platform may end a request without a word.
    for (const [other, at] of open) if (now - at > MAX_ARRIVAL_MS) open.delete(other)
    if (open.size >= MAX_SLOW_BODIES) return false
    this.#open.set(credential, open.set(arrival, now))
    return true
  }

  delete(credential: string, arrival: Arrival): void {
    const open = this.#open.get(credential)
    if (open?.delete(arrival) === true && open.size === 0) this.#open.delete(credential)
  }
}

/** One body on its way. */
export class Arrival {
  readonly #slow: SlowBodies
  readonly #credential: string
  readonly #began = Date.now()
  #bytes = 0
  #counted = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #onCut: ((error: GatewayError) => void) | undefined

  constructor(slow: SlowBodies, credential: string) {
    this.#slow = slow
    this.#credential = credential
  }

  /** What `read` resolves with; throws `body_too_slow` when that takes too long. */
  inTime<T>(read: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onCut = reject
      this.#timer ??= setTimeout(() => this.#onSlow(), SLOW_AFTER_MS)
      read.then(resolve, reject)
    })
  }

  add(bytes: number): void {
    this.#bytes += bytes
  }

  /** It is there, or nobody waits for it any more. */
  end(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
    this.#slow.delete(this.#credential, this)
  }

  #onSlow(): void {
    if (!this.#slow.add(this.#credential, this, Date.now())) {
      return this.#cut(`more than ${MAX_SLOW_BODIES} slow bodies come with this credential`)
    }
    this.#timer = setTimeout(() => this.#onWindow(), WINDOW_MS - SLOW_AFTER_MS)
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
    this.#timer = setTimeout(() => this.#onWindow(), WINDOW_MS)
  }

  #cut(detail: string): void {
    this.#onCut?.(new GatewayError('body_too_slow', { detail }))
  }
}
