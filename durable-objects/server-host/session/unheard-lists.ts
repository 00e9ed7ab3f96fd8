/**
 * Changes of lists that a session's client may not have heard of. What was written to a GET stream may be
 * lost with it; that it was not shows when the client goes on after that event, or lists again.
 */
import { changedKinds, LISTS, listKindOf, type ListKind } from '../translate/list-kinds.ts'
import { decode, encode } from '../processes/connection.ts'

export class UnheardLists {
  readonly #read: () => readonly { seq: number; data: Uint8Array }[]
  /** By the event that told of it last; of a session that a former object had, read from its log. */
  #told: Map<ListKind, number> | undefined

  /** `read`: the log of its GET stream. */
  constructor(read: () => readonly { seq: number; data: Uint8Array }[]) {
    this.#read = read
  }

  /** Its client is told as event `seq`. */
  note(method: string | undefined, seq: number): void {
    if (method === undefined) return
    for (const kind of changedKinds(method)) this.#known.set(kind, seq)
  }

  /** The client asks for a list. */
  noteAsked(method: string): void {
    const kind = listKindOf(method)
    if (kind !== undefined) this.#known.delete(kind)
  }

  /** The client has got everything up to this event. */
  noteHeard(seq: number): void {
    for (const [kind, told] of this.#known) if (told <= seq) this.#known.delete(kind)
  }

  /** What it was told by the events up to this one, and may not have heard: notifications. */
  upTo(seq: number): { method: string; payload: Uint8Array }[] {
    const unheard = [...this.#known].filter(([, told]) => told <= seq)
    const methods = new Set(unheard.map(([kind]) => LISTS[kind].changed))
    return [...methods].map((method) => ({ method, payload: encode({ jsonrpc: '2.0', method }) }))
  }

  get #known(): Map<ListKind, number> {
    if (this.#told !== undefined) return this.#told
    this.#told = new Map()
    for (const { seq, data } of this.#read()) {
      const { method } = decode(data)
      if (typeof method === 'string') this.note(method, seq)
    }
    return this.#told
  }
}
