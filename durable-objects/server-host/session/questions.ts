/**
 * What the servers of a session have asked its client, and it has not answered. What it answers goes to who
 * asked. Meanwhile the time of the calls that may have made them ask stands still: over stdio a question does
 * not name its call.
 */
import type { Envelope, RequestId } from '#protocol/json-rpc.ts'
import { setValue } from '#protocol/json-splice.ts'
import { isAskNumber, randomAskNumber, toNumber } from '#protocol/numbering/numbers.ts'
import type { ClientCall } from '../call/client-call.ts'
import { decode } from '../processes/connection.ts'

/** Of one server; of more, the oldest counts as answered. */
const MAX_QUESTIONS = 256

type Waiting = Pick<ClientCall, 'time'>

/** Who takes the client's answer, a response under the id that it asked with. */
export interface Asker {
  pass: (body: Uint8Array, envelope: Envelope) => Promise<void>
}

export interface Question {
  server: string
  asker: Asker
  /** Absent: it has none of its own. */
  id?: RequestId
  /** Those that may have made it ask. */
  calls: readonly Waiting[]
}

interface Asked {
  server: string
  asker: Asker
  id: RequestId
  calls: Set<Waiting>
}

export class Questions {
  /** By the number under which the client was asked, oldest first. */
  readonly #asked = new Map<number, Asked>()

  /**
   * The number under which the client is asked: that of the question, unless it comes from a host program of
   * before numbers.
   */
  add({ server, asker, id, calls }: Question): number {
    const number = isAskNumber(id) ? id : randomAskNumber()
    if (this.#asked.has(number)) return number
    for (const { time } of calls) time.stop()
    this.#asked.set(number, { server, asker, id: id ?? number, calls: new Set(calls) })
    if (this.#asked.size > MAX_QUESTIONS) this.#closeOldest(server)
    return number
  }

  /** Passes a response of the client's to who asked; `undefined` for anything else, and where nobody did. */
  answer(body: Uint8Array, envelope: Envelope): Promise<void> | undefined {
    if (envelope.kind !== 'response') return undefined
    const asked = this.#asked.get(toNumber(envelope.id) ?? 0)
    if (asked === undefined) return undefined
    this.close(envelope.id)
    const { id, asker } = asked
    if (id === envelope.id) return asker.pass(body, envelope)
    return asker.pass(setValue(body, ['id'], JSON.stringify(id)), { ...envelope, id })
  }

  /** It is asked no more: an answer that still comes is nobody's. */
  close(id: unknown): void {
    const number = toNumber(id)
    const asked = number === undefined ? undefined : this.#asked.get(number)
    if (number === undefined || asked === undefined) return
    this.#asked.delete(number)
    for (const { time } of asked.calls) time.goOn(Date.now())
  }

  /** `payload`: the server's notification that it gives one of its own up. */
  cancel(payload: Uint8Array, server: string): void {
    if (this.#asked.size === 0) return
    const { params } = decode(payload) as { params?: { requestId?: unknown } }
    const id = params?.requestId
    if (this.#asked.get(toNumber(id) ?? 0)?.server === server) this.close(id)
  }

  /** Who asked is gone. */
  closeOf(asker: Asker): void {
    for (const [number, asked] of this.#asked) if (asked.asker === asker) this.close(number)
  }

  /** The call is over; what it made a server ask may still be answered. */
  forget(call: Waiting): void {
    for (const { calls } of this.#asked.values()) calls.delete(call)
  }

  #closeOldest(server: string): void {
    const own = [...this.#asked].filter(([, asked]) => asked.server === server)
    const [oldest] = own
    if (oldest !== undefined && own.length > MAX_QUESTIONS) this.close(oldest[0])
  }
}
