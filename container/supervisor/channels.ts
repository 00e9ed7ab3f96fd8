import type { LaunchGroup } from './launch-group.ts'
import type { Running } from './running.ts'
import { MAX_MESSAGE_BYTES } from './limits.ts'

/** One process as the object sees it, from its open until its exit or refusal. */
export interface Channel {
  number: number
  key: string
  group: LaunchGroup
  /** Absent until the channel is opened. */
  process: Running | undefined
  early: Uint8Array[]
  earlyBytes: number
}

export class Channels {
  readonly #channels = new Map<number, Channel>()

  get(number: number): Channel | undefined {
    return this.#channels.get(number)
  }

  add(number: number, key: string, group: LaunchGroup): void {
    this.#channels.set(number, {
      number,
      key,
      group,
      process: undefined,
      early: [],
      earlyBytes: 0,
    })
  }

  delete(number: number): void {
    this.#channels.delete(number)
  }

  /** Messages may follow an open at once. False when they are too large to keep. */
  keepEarly(channel: Channel, payload: Uint8Array): boolean {
    if (channel.earlyBytes + payload.length > MAX_MESSAGE_BYTES) return false
    channel.early.push(payload)
    channel.earlyBytes += payload.length
    return true
  }

  takeEarly(channel: Channel): Uint8Array[] {
    channel.earlyBytes = 0
    return channel.early.splice(0)
  }
}
