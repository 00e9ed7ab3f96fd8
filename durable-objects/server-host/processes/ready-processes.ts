/**
 * Processes that a probe has spoken to as Hearth itself: whoever asks the server next goes on with one, so
 * that it is started once to be listed. What clients of its own era share serves them from then on; a legacy
 * one serves Hearth's own requests.
 */
import { URGENCY } from '#protocol/link.ts'
import type { Channel } from './link/channel.ts'
import type { OpeningUrgency } from './opening-urgency.ts'
import type { Server } from './servers.ts'

const KEEP_MS = 10_000

/** One that was opened, and how urgently it was. */
export interface Ready {
  channel: Channel
  urgency: OpeningUrgency
}

interface Kept extends Ready {
  told: string
  timer: number
}

/** Params of `initialize`; absent: it has answered `server/discover`, which begins nothing. */
type Told = object | undefined

export class ReadyProcesses {
  /** By the launch's digest. */
  readonly #kept = new Map<string, Kept>()

  /**
   * False where it is of no use: a legacy call needs a process of its own, and a legacy server of one process
   * needs that place.
   */
  keep(server: Server, { initialize, ...ready }: Ready & { initialize: Told }): boolean {
    const { channel, urgency } = ready
    const { digest, maxProcesses } = server.launch
    const isForOwn = initialize !== undefined
    if (channel.over || (isForOwn && (urgency.value === URGENCY.call || maxProcesses === 1))) {
      return false
    }
    this.end(server)
    const timer = setTimeout(() => this.end(server), KEEP_MS)
    this.#kept.set(digest, { ...ready, told: toKey(initialize), timer })
    return true
  }

  /** One that was told just this. */
  take({ launch: { digest } }: Server, initialize?: Told): Ready | undefined {
    const kept = this.#kept.get(digest)
    if (kept === undefined || kept.told !== toKey(initialize)) return undefined
    this.#kept.delete(digest)
    clearTimeout(kept.timer)
    return kept.channel.over ? undefined : kept
  }

  end({ launch: { digest } }: Server): void {
    const kept = this.#kept.get(digest)
    this.#kept.delete(digest)
    if (kept === undefined) return
    clearTimeout(kept.timer)
    kept.channel.close()
  }
}

function toKey(initialize: Told): string {
  return initialize === undefined ? '' : JSON.stringify(initialize)
}
