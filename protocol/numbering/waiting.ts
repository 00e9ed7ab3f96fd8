/** Requests that one side has been sent and has not answered, by the number that it was given for each. */
import { idKey, type RequestId } from '../json-rpc.ts'
import { toNumber } from './numbers.ts'

export interface Asked {
  readonly number: number
  /** As who asks knows it. */
  readonly id: RequestId
  /** The same as JSON text: a parser may have lost digits of it. */
  readonly idText: string
  /** Its progress token as JSON text, where it has one. */
  readonly tokenText: string | undefined
  readonly method: string
  /** The object's own name for it: `SentMeta`. */
  readonly call: string | undefined
  /** Milliseconds, by its maker's clock. */
  readonly at: number
}

/** Requests that were given up, and may still be answered. */
const MAX_GIVEN_UP = 256

export const LISTEN = 'subscriptions/listen'

export class Waiting {
  /** Oldest first. */
  readonly #asked = new Map<number, Asked>()
  readonly #max: number
  /** Numbers of requests that nobody waits for, and that were not answered. Once full, it stays so. */
  readonly #givenUp = new Set<number>()

  /** Of more than `max`, the oldest is forgotten: its answer would be for nobody. */
  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#asked.size
  }

  /** Whether any of them is answered by itself, and not when its client hangs up. */
  get isAwaited(): boolean {
    for (const { method } of this.#asked.values()) if (method !== LISTEN) return true
    return false
  }

  /** Whether what names no request may be about one that was given up. */
  get mayOweOthers(): boolean {
    return this.#givenUp.size > 0
  }

  /** The one that waits, when exactly one does. */
  get only(): Asked | undefined {
    return this.#asked.size === 1 ? this.#asked.values().next().value : undefined
  }

  add(asked: Asked): void {
    this.#asked.set(asked.number, asked)
    const [oldest] = this.#asked.size > this.#max ? this.#asked.keys() : []
    if (oldest !== undefined) this.#abandon(oldest)
  }

  /** `id`: as the other side wrote it, a number or the text of one. */
  find(id: unknown): Asked | undefined {
    const number = toNumber(id)
    return number === undefined ? undefined : this.#asked.get(number)
  }

  take(id: unknown): Asked | undefined {
    const asked = this.find(id)
    if (asked !== undefined) this.#asked.delete(asked.number)
    else this.#noteLate(toNumber(id))
    return asked
  }

  /** The one that who asks means: by its name, or the newest under its id. It waits no more. */
  giveUp(id: RequestId, call?: string): Asked | undefined {
    const key = idKey(id)
    let meant: Asked | undefined
    for (const asked of this.#asked.values()) {
      if (call === undefined ? idKey(asked.id) === key : asked.call === call) meant = asked
    }
    if (meant !== undefined) this.#abandon(meant.number)
    return meant
  }

  #abandon(number: number): void {
    this.#asked.delete(number)
    if (this.#givenUp.size < MAX_GIVEN_UP) this.#givenUp.add(number)
  }

  #noteLate(number: number | undefined): void {
    if (number !== undefined && this.#givenUp.size < MAX_GIVEN_UP) this.#givenUp.delete(number)
  }
}
