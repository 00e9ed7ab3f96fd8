/** A stream that a client keeps open, and opens again when it breaks. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Received, Reply } from './wire.ts'

const AGAIN_MS = 50

export class StandingStream {
  readonly #open: (lastEventId: string | undefined) => Promise<Reply>
  readonly #onReceived: (received: Received) => void
  #opened = Promise.withResolvers<void>()
  #isOpen = false
  #closed = false
  #lastEventId: string | undefined
  #reply: Reply | undefined

  /** `open` rejects when there is no stream. */
  constructor(
    open: (lastEventId: string | undefined) => Promise<Reply>,
    onReceived: (received: Received) => void,
  ) {
    this.#open = open
    this.#onReceived = onReceived
    void this.#run()
  }

  async ready(): Promise<void> {
    while (!this.#isOpen) await this.#opened.promise
  }

  close(): void {
    this.#closed = true
    this.#reply?.leave()
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      await this.#read().catch(() => undefined) // it broke, and is opened again
      this.#isOpen = false
      if (!this.#closed) await delay(AGAIN_MS)
    }
  }

  async #read(): Promise<void> {
    this.#reply = await this.#open(this.#lastEventId)
    if (this.#reply.status !== 200) throw new Error(`status ${this.#reply.status}`)
    this.#isOpen = true
    this.#opened.resolve()
    this.#opened = Promise.withResolvers()
    for await (const received of this.#reply.received) {
      this.#lastEventId = received.eventId ?? this.#lastEventId
      this.#onReceived(received)
    }
  }
}
