/**
 * What clients have not read yet of what they were answered, over all of a tenant: it is held in memory. Over
 * the bound the principal that holds most loses the connection that takes least for its time. One that reads
 * is not ended, unless it reads slowly for how much is held.
 */
import type { Ticker, Ticking } from '../processes/ticker.ts'

const MAX_UNREAD_BYTES = 48 * 1024 * 1024
/** How long a client may take nothing. */
const PATIENCE_MS = 5_000
/** What a connection has to take to go on at the bound; of twice as much that is held, twice as much. */
const LEAST_BYTES_PER_SECOND = 256 * 1024

/** What one connection has not taken. */
export interface UnreadPart {
  readonly bytes: number
  add: (bytes: number) => void
  take: (bytes: number) => void
  /** Nothing of it is held any more. */
  end: () => void
}

interface Part {
  principal: string
  bytes: number
  /** Since there was something to take. `Date.now()` */
  since: number
  taken: number
  cut: () => void
}

export class Unread implements Ticking {
  readonly #ticker: Ticker
  readonly #tenant: string
  readonly #parts = new Set<Part>()
  #bytes = 0

  constructor(ticker: Ticker, tenant: string) {
    this.#ticker = ticker
    this.#tenant = tenant
  }

  /** `cut`: ends the connection. */
  open(principal: string, cut: () => void): UnreadPart {
    const part: Part = { principal, bytes: 0, since: 0, taken: 0, cut }
    return {
      get bytes() {
        return part.bytes
      },
      add: (bytes) => {
        if (part.bytes === 0) Object.assign(part, { since: Date.now(), taken: 0 })
        this.#parts.add(part)
        this.#count(part, bytes)
        if (this.#bytes > MAX_UNREAD_BYTES) this.#ticker.add(this)
      },
      take: (bytes) => {
        // It may have ended.
        if (!this.#parts.has(part)) return
        part.taken += bytes
        this.#count(part, -bytes)
        if (part.bytes === 0) this.#parts.delete(part)
      },
      end: () => this.#end(part),
    }
  }

  tick(now: number): void {
    while (this.#bytes > MAX_UNREAD_BYTES) {
      const slowest = this.#slowestOfGreediest(now)
      if (slowest === undefined) return
      const { bytes } = slowest
      this.#end(slowest)
      slowest.cut()
      this.#log(slowest, bytes)
    }
    this.#ticker.delete(this)
  }

  #slowestOfGreediest(now: number): Part | undefined {
    const held = new Map<string, number>()
    for (const { principal, bytes } of this.#parts) {
      held.set(principal, (held.get(principal) ?? 0) + bytes)
    }
    const most = Math.max(...held.values())
    const speedOf = ({ taken, since }: Part): number => (taken * 1_000) / (now - since)
    let slowest: Part | undefined
    let least = (LEAST_BYTES_PER_SECOND * this.#bytes) / MAX_UNREAD_BYTES
    for (const part of this.#parts) {
      if (held.get(part.principal) !== most || now - part.since < PATIENCE_MS) continue
      if (speedOf(part) >= least) continue
      slowest = part
      least = speedOf(part)
    }
    return slowest
  }

  #count(part: Part, bytes: number): void {
    part.bytes += bytes
    this.#bytes += bytes
  }

  #log({ principal }: Part, bytes: number): void {
    const [time, event] = [new Date().toISOString(), 'client_too_slow']
    console.warn(JSON.stringify({ time, event, tenant: this.#tenant, principal, bytes }))
  }

  #end(part: Part): void {
    if (this.#parts.delete(part)) this.#count(part, -part.bytes)
  }
}
