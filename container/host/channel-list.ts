import type { WelcomeMeta } from '#protocol/link.ts'

type Listed = WelcomeMeta['channels'][number]

/** Ended channels beyond this are looked through for those that can be forgotten. */
const MAX_ENDED = 256

/**
 * The channels that a new object is told of: those that live, and those that ended but have frames
 * that the former object may not have received.
 */
export class ChannelList {
  readonly #live = new Map<number, Listed>()
  readonly #ended = new Map<number, Listed>()
  readonly #pending: () => ReadonlySet<number>

  /** `pending` names the channels that have frames which are not acknowledged. */
  constructor(pending: () => ReadonlySet<number>) {
    this.#pending = pending
  }

  /** Throws `RangeError` for a number that is in use. */
  add(channel: Listed): void {
    if (this.#live.has(channel.channel)) {
      throw new RangeError(`channel ${channel.channel} is open already`)
    }
    this.#live.set(channel.channel, channel)
  }

  end(channel: number): void {
    const listed = this.#live.get(channel)
    if (listed === undefined) return
    this.#live.delete(channel)
    this.#ended.set(channel, listed)
    if (this.#ended.size > MAX_ENDED) this.#forget()
  }

  list(): Listed[] {
    this.#forget()
    return [...this.#ended.values(), ...this.#live.values()]
  }

  #forget(): void {
    const pending = this.#pending()
    for (const channel of this.#ended.keys()) {
      if (!pending.has(channel)) this.#ended.delete(channel)
    }
  }
}
