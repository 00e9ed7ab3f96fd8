/** When requests were sent, for transports whose answers all come over one stream. */
import type { RequestId } from '../json-rpc.ts'
import { toMeta } from './answers.ts'
import { toKey } from './flights.ts'
import type { Incoming, Outgoing } from './messages.ts'
import type { MessageMeta } from '../link.ts'

/** Who sends more at once gets answers without a time. */
const MAX_TIMED = 2_000

export class SentAt {
  readonly #times = new Map<string, number>()

  /** How many wait for their answers. */
  get size(): number {
    return this.#times.size
  }

  note({ envelope, cancels }: Outgoing): void {
    if (cancels !== undefined) this.#times.delete(toKey(cancels))
    if (envelope.kind !== 'request' || this.#times.size >= MAX_TIMED) return
    this.#times.set(toKey(envelope.id), Date.now())
  }

  forget(id: RequestId): void {
    this.#times.delete(toKey(id))
  }

  metaOf(incoming: Incoming): MessageMeta {
    const { envelope } = incoming
    const key = envelope.kind === 'response' && envelope.id !== null ? toKey(envelope.id) : ''
    const sentAt = this.#times.get(key)
    this.#times.delete(key)
    return toMeta(incoming, sentAt === undefined ? undefined : Date.now() - sentAt)
  }
}
