/** How urgently a process is waited for: while it is opened, somebody may come who waits for it more urgently. */
import { URGENCY, type Urgency } from '#protocol/link.ts'
import type { Owner } from '#protocol/yielding.ts'
import type { Channel } from './link/channel.ts'

export class OpeningUrgency {
  #value: Urgency
  #owner: Owner
  #channel: Pick<Channel, 'hurry'> | undefined

  /** `owner`: whose the process is from the first call on; until then it is nobody's. */
  constructor(value: Urgency, owner?: Owner) {
    this.#value = value
    this.#owner = owner
  }

  get value(): Urgency {
    return this.#value
  }

  get owner(): Owner {
    return this.#value === URGENCY.call ? this.#owner : undefined
  }

  /** Somebody waits for it, or uses it, as urgently as that. */
  raise(urgency: Urgency): void {
    if (urgency <= this.#value) return
    this.#value = urgency
    this.#channel?.hurry?.(urgency, this.owner)
  }

  /** It was opened for nobody: from the first call on it is this one's. */
  belongTo(owner: Owner): void {
    this.#owner = owner
    if (this.#value === URGENCY.call) this.#channel?.hurry?.(this.#value, owner)
  }

  /** The channel was asked for with `value` and `owner`. */
  attach(channel: Pick<Channel, 'hurry'>): void {
    this.#channel = channel
  }
}
