/**
 * Holds back what follows `notifications/initialized` until the server has it: each message is a
 * request of HTTP of its own, these overtake each other, and a server may refuse what comes first.
 */
import type { Outgoing } from './messages.ts'

const MAX_HELD_MESSAGES = 2_000

export class Gate {
  readonly #dispatch: (message: Outgoing) => Promise<void>
  #held: Outgoing[] | undefined

  /** `dispatch` resolves when the server has the message, or never will; it does not reject. */
  constructor(dispatch: (message: Outgoing) => Promise<void>) {
    this.#dispatch = dispatch
  }

  /** False when too many wait: the message is dropped. */
  pass(message: Outgoing): boolean {
    if (this.#held !== undefined) {
      if (this.#held.length >= MAX_HELD_MESSAGES) return false
      this.#held.push(message)
      return true
    }
    const sent = this.#dispatch(message)
    if (isInitialized(message)) {
      this.#held = []
      void sent.then(() => this.#open())
    }
    return true
  }

  #open(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const message of held) this.pass(message)
  }
}

export function isInitialized({ envelope }: Outgoing): boolean {
  return envelope.kind === 'notification' && envelope.method === 'notifications/initialized'
}
