/** Requests of servers that wait for a client's response. */
import { idKey, type Envelope, type RequestId } from '#protocol/json-rpc.ts'

/** Requests that no client answers do not pile up: the oldest is waited for no longer. */
export const MAX_ASKS = 256

export class Asks {
  readonly #keys = new Set<string>()

  add(id: RequestId): void {
    this.#keys.add(idKey(id))
    const [oldest] = this.#keys
    if (oldest !== undefined && this.#keys.size > MAX_ASKS) this.#keys.delete(oldest)
  }

  /** Whether it is a response that somebody waits for; then nobody does any more. */
  take(envelope: Envelope | undefined): envelope is Envelope & { kind: 'response' } {
    if (envelope?.kind !== 'response' || envelope.id === null) return false
    return this.#keys.delete(idKey(envelope.id))
  }

  /** `from`: of one server of several, whose ids begin with that. */
  forget(from: string): void {
    for (const key of this.#keys) {
      if (from === '' || key.startsWith(idKey(from))) this.#keys.delete(key)
    }
  }
}
