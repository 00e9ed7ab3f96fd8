/** Requests that wait for their responses over HTTP. */
import type { RequestId } from '../json-rpc.ts'

/** How long the rest of a response may take once the answer is there; then its connection is cut. */
const LINGER_MS = 1_000

export interface Flight {
  readonly id: RequestId
  readonly method: string
  /** `Date.now()` */
  readonly sentAt: number
  readonly abort: AbortController
  /** It has its answer, or nobody waits for one. */
  isSettled: boolean
  /** Of a request of the engine's own: takes its response. */
  take?: (message: Record<string, unknown>) => void
}

export class Flights {
  readonly #flights = new Map<string, Flight>()
  #emptied: PromiseWithResolvers<void> | undefined

  get size(): number {
    return this.#flights.size
  }

  add(id: RequestId, method: string): Flight {
    const flight = {
      id,
      method,
      sentAt: Date.now(),
      abort: new AbortController(),
      isSettled: false,
    }
    this.#flights.set(toKey(id), flight)
    return flight
  }

  get(id: RequestId | null): Flight | undefined {
    return id === null ? undefined : this.#flights.get(toKey(id))
  }

  /** The answer is there: the server ends its response by itself, as a rule. */
  settle(flight: Flight): void {
    if (flight.isSettled) return
    flight.isSettled = true
    this.#forget(flight)
    const timer = setTimeout(() => flight.abort.abort(), LINGER_MS)
    flight.abort.signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  }

  /** Ends the request and its response; whether it was still awaited. */
  cut(flight: Flight): boolean {
    const wasAwaited = !flight.isSettled
    flight.isSettled = true
    this.#forget(flight)
    flight.abort.abort()
    return wasAwaited
  }

  /** Resolves when nobody waits for any of them. */
  async emptied(): Promise<void> {
    if (this.size === 0) return
    this.#emptied ??= Promise.withResolvers()
    await this.#emptied.promise
  }

  cutAll(): void {
    for (const flight of [...this.#flights.values()]) this.cut(flight)
  }

  #forget(flight: Flight): void {
    const key = toKey(flight.id)
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
    if (this.size > 0) return
    this.#emptied?.resolve()
    this.#emptied = undefined
  }
}

/** Some servers answer 7 as "7". */
export function toKey(id: RequestId): string {
  return String(id)
}
