import { idKey } from '#protocol/json-rpc.ts'
import type { RequestId } from '#protocol/json-rpc.ts'

/** It is answered when the client hangs up, and not before. */
const STANDING = 'subscriptions/listen'

interface Call {
  id: RequestId
  startedAt: number
  method: string | undefined
}

/** The client's requests that one process has not answered. */
export class InFlight {
  readonly #calls = new Map<string, Call>()
  readonly #max: number

  /** Over `max` calls, later ones are not followed: they have no duration. */
  constructor(max = 10_000) {
    this.#max = max
  }

  begin(id: RequestId, now: number, method?: string): void {
    if (this.#calls.size < this.#max) this.#calls.set(idKey(id), { id, startedAt: now, method })
  }

  /** Milliseconds that the call took, or `undefined` when it was not in flight. */
  end(id: RequestId, now: number): number | undefined {
    const key = idKey(id)
    const call = this.#calls.get(key)
    if (call === undefined) return undefined
    this.#calls.delete(key)
    return Math.round((now - call.startedAt) * 1000) / 1000
  }

  get size(): number {
    return this.#calls.size
  }

  /** Whether any of them is answered by itself. */
  get isAwaited(): boolean {
    for (const { method } of this.#calls.values()) if (method !== STANDING) return true
    return false
  }

  /** The call's id when exactly one is in flight. */
  get only(): RequestId | undefined {
    if (this.#calls.size !== 1) return undefined
    return this.#calls.values().next().value?.id
  }
}
