import { idKey } from '#protocol/json-rpc.ts'
import type { RequestId } from '#protocol/json-rpc.ts'

interface Call {
  id: RequestId
  startedAt: number
}

/** The client's requests that one process has not answered. */
export class InFlight {
  readonly #calls = new Map<string, Call>()
  readonly #max: number

  /** Over `max` calls, later ones are not followed: they have no duration. */
  constructor(max = 10_000) {
    this.#max = max
  }

  begin(id: RequestId, now: number): void {
    if (this.#calls.size < this.#max) this.#calls.set(idKey(id), { id, startedAt: now })
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

  /** The call's id when exactly one is in flight. */
  get only(): RequestId | undefined {
    if (this.#calls.size !== 1) return undefined
    return this.#calls.values().next().value?.id
  }
}
