import type { LaunchGroup } from './launch-group.ts'
import type { Running } from './running.ts'
import { MAX_MESSAGE_BYTES } from './limits.ts'
import type { SentMeta, Urgency } from '#protocol/link.ts'
import type { Owner } from '#protocol/yielding.ts'

export interface EarlyMessage {
  payload: Uint8Array
  meta: SentMeta | undefined
}

/** One process as the object sees it, from its open until its exit or refusal. */
export interface Channel {
  number: number
  key: string
  group: LaunchGroup
  owner: Owner
  urgency: Urgency
  /** Absent until the channel is opened. */
  process: Running | undefined
  early: EarlyMessage[]
  earlyBytes: number
}

export class Channels {
  readonly #channels = new Map<number, Channel>()

  get(number: number): Channel | undefined {
    return this.#channels.get(number)
  }

  add(channel: Pick<Channel, 'number' | 'key' | 'group' | 'owner' | 'urgency'>): void {
    this.#channels.set(channel.number, {
      ...channel,
      process: undefined,
      early: [],
      earlyBytes: 0,
    })
  }

  delete(number: number): void {
    this.#channels.delete(number)
  }

  /** Messages may follow an open at once. False when they are too large to keep. */
  keepEarly(channel: Channel, message: EarlyMessage): boolean {
    const { payload } = message
    if (channel.earlyBytes + payload.length > MAX_MESSAGE_BYTES) return false
    channel.early.push(message)
    channel.earlyBytes += payload.length
    return true
  }

  takeEarly(channel: Channel): EarlyMessage[] {
    channel.earlyBytes = 0
    return channel.early.splice(0)
  }
}
