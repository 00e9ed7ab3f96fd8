/**
 * Streams on which clients only listen. While one is open, the object stays in memory and is billed. So
 * they end when there is nothing to hear: no container runs, and nobody has called for a while.
 */
import { isolate } from '../../isolate.ts'
import type { Ticker, Ticking } from '../processes/ticker.ts'

export interface IdleStreamsOptions {
  ticker: Ticker
  /** How long after the last call; absent where nothing ever sleeps. */
  afterMs: number | undefined
  /** Whether anything runs, or keeps the object in memory all the same. */
  isAwake: () => boolean
}

export class IdleStreams implements Ticking {
  readonly #options: IdleStreamsOptions
  readonly #streams = new Set<() => void>()
  /** `Date.now()`. An object that was just made knows of no call: its container says whether there was one. */
  #usedAt = 0

  constructor(options: IdleStreamsOptions) {
    this.#options = options
  }

  use(): void {
    this.#usedAt = Date.now()
  }

  /** Whether a stream that is opened now has nothing to wait for. */
  get areOver(): boolean {
    const { afterMs, isAwake } = this.#options
    return afterMs !== undefined && Date.now() - this.#usedAt >= afterMs && !isAwake()
  }

  /** `end` is called when the stream is to end, unless what is returned was before. */
  add(end: () => void): () => void {
    if (this.#options.afterMs === undefined) return () => undefined
    if (this.#streams.size === 0) this.#options.ticker.add(this)
    this.#streams.add(end)
    return () => {
      if (this.#streams.delete(end) && this.#streams.size === 0) this.#options.ticker.delete(this)
    }
  }

  tick(): void {
    if (!this.areOver) return
    for (const end of [...this.#streams]) isolate('the end of a stream', end)
  }
}
