/**
 * Processes that a probe has initialised as Hearth itself: whoever asks the server next on its own behalf,
 * soon, goes on with one, so that a server is started once to be listed.
 */
import { URGENCY, type Urgency } from '#protocol/link.ts'
import type { Channel } from './link/channel.ts'
import type { Server } from './servers.ts'

const KEEP_MS = 10_000

interface Kept {
  channel: Channel
  /** What it was told. */
  initialize: string
  timer: number
}

export class ReadyProcesses {
  /** By the launch's digest. */
  readonly #kept = new Map<string, Kept>()

  /**
   * False where it is of no use: a call needs a process of its own, and a server of one process needs that
   * place.
   */
  keep(
    { launch }: Server,
    {
      channel,
      initialize,
      urgency,
    }: Pick<Kept, 'channel'> & { initialize: object; urgency: Urgency },
  ): boolean {
    if (urgency === URGENCY.call || launch.maxProcesses === 1 || channel.over) return false
    this.#end(launch.digest)
    const timer = setTimeout(() => this.#end(launch.digest), KEEP_MS)
    this.#kept.set(launch.digest, { channel, initialize: JSON.stringify(initialize), timer })
    return true
  }

  /** One that was told just this. */
  take(digest: string, initialize: object): Channel | undefined {
    const kept = this.#kept.get(digest)
    if (kept === undefined || kept.initialize !== JSON.stringify(initialize)) return undefined
    this.#kept.delete(digest)
    clearTimeout(kept.timer)
    return kept.channel.over ? undefined : kept.channel
  }

  #end(digest: string): void {
    const kept = this.#kept.get(digest)
    this.#kept.delete(digest)
    if (kept === undefined) return
    clearTimeout(kept.timer)
    kept.channel.close()
  }
}
