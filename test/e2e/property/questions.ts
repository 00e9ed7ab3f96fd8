/** Answers what servers ask, and answers the former question once more: nobody may take that for a new answer. */
import { readStamps, writeStamp } from './stamps.ts'
import type { Message } from './wire.ts'

export class Questions {
  readonly #respond: (body: object) => Promise<unknown>
  readonly #answered = new Set<unknown>()
  #former: object | undefined

  constructor(respond: (body: object) => Promise<unknown>) {
    this.#respond = respond
  }

  /** Ids are unique within a session. */
  forget(): void {
    this.#answered.clear()
    this.#former = undefined
  }

  answer({ id, params }: Message): void {
    // A stream that was resumed may ask again.
    if (this.#answered.has(id)) return
    this.#answered.add(id)
    const response = { jsonrpc: '2.0', id, result: toAnswer(params) }
    const former = this.#former
    this.#former = response
    const responding = async (): Promise<void> => {
      if (former !== undefined) await this.#respond(former)
      await this.#respond(response)
    }
    // What cannot be said because the gateway is away is the asker's loss.
    responding().catch(() => undefined)
  }
}

/** `told`: the stamp of the question. */
export function toAnswer(params: Record<string, unknown> | undefined): Record<string, unknown> {
  const [stamp] = readStamps(String(params?.message))
  return {
    action: 'accept',
    content: { told: stamp === undefined ? 'nothing' : writeStamp(stamp) },
  }
}
