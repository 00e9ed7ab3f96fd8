import type { FormerChannel } from '#protocol/link.ts'

/** Ended channels beyond this are looked through for those that can be forgotten. */
const MAX_ENDED = 256

/**
 * The channels that a new object is told of: those that live, and those that ended but have frames
 * that the former object may not have received.
 */
export class ChannelList {
  readonly #live = new Map<number, FormerChannel>()
  readonly #ended = new Map<number, FormerChannel>()
  readonly #pending: () => ReadonlySet<number>

  /** `pending` names the channels that have frames which are not acknowledged. */
  constructor(pending: () => ReadonlySet<number>) {
    this.#pending = pending
  }

  /** Throws `RangeError` for a number that is in use. */
  add(channel: Omit<FormerChannel, 'hasAnswered'>): void {
    if (this.#live.has(channel.channel)) {
      throw new RangeError(`channel ${channel.channel} is open already`)
    }
    this.#live.set(channel.channel, { ...channel, hasAnswered: false })
  }

  noteAnswer(channel: number): void {
    const listed = this.#live.get(channel)
    if (listed !== undefined) listed.hasAnswered = true
  }

  end(channel: number): void {
    const listed = this.#live.get(channel)
    if (listed === undefined) return
    this.#live.delete(channel)
    this.#ended.set(channel, listed)
    if (this.#ended.size > MAX_ENDED) this.#forget()
  }

  list(): FormerChannel[] {
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
