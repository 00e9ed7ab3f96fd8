/** How urgently a process is waited for: while it is opened, somebody may come who waits for it more urgently. */
import type { Urgency } from '#protocol/link.ts'
import type { Channel } from './link/channel.ts'

export class OpeningUrgency {
  #value: Urgency
  #channel: Pick<Channel, 'hurry'> | undefined

  constructor(value: Urgency) {
    this.#value = value
  }

  get value(): Urgency {
    return this.#value
  }

  /** Somebody waits for it as urgently as that. */
  raise(urgency: Urgency): void {
    if (urgency <= this.#value) return
    this.#value = urgency
    this.#channel?.hurry?.(urgency)
  }

  /** The channel was asked for with `value`. */
  attach(channel: Pick<Channel, 'hurry'>): void {
    this.#channel = channel
  }
}
