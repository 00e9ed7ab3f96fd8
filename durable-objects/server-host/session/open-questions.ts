/**
 * What the servers of a session have asked its client, and it has not answered. Meanwhile the time of
 * the calls that may have made them ask stands still: over stdio a question does not name its call.
 */
import { toNumber } from '#protocol/numbering/numbers.ts'
import type { ClientCall } from '../call/client-call.ts'
import { decode } from '../processes/connection.ts'

/** Of more, the oldest counts as answered. */
const MAX_QUESTIONS = 256

interface Question {
  server: string
  calls: Set<ClientCall>
}

export class OpenQuestions {
  /** By the number under which the client was asked, oldest first. */
  readonly #questions = new Map<number, Question>()

  add(id: unknown, server: string, calls: readonly ClientCall[]): void {
    const number = toNumber(id)
    if (number === undefined || calls.length === 0 || this.#questions.has(number)) return
    for (const { time } of calls) time.stop()
    this.#questions.set(number, { server, calls: new Set(calls) })
    const [oldest] = this.#questions.keys()
    if (this.#questions.size > MAX_QUESTIONS) this.close(oldest)
  }

  /** It was answered, or is asked no more. */
  close(id: unknown): void {
    const number = toNumber(id)
    const question = number === undefined ? undefined : this.#questions.get(number)
    if (number === undefined || question === undefined) return
    this.#questions.delete(number)
    for (const { time } of question.calls) time.goOn(Date.now())
  }

  /** `payload`: the server's notification that it gives one of them up. */
  cancel(payload: Uint8Array): void {
    if (this.#questions.size === 0) return
    const { params } = decode(payload) as { params?: { requestId?: unknown } }
    this.close(params?.requestId)
  }

  /** The process that asked is gone. */
  closeAll(server: string): void {
    for (const [number, question] of this.#questions) {
      if (question.server === server) this.close(number)
    }
  }

  /** The call is over. */
  forget(call: ClientCall): void {
    for (const [number, { calls }] of this.#questions) {
      if (calls.delete(call) && calls.size === 0) this.#questions.delete(number)
    }
  }
}
