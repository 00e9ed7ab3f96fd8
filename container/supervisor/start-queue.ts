/**
 * Who may begin next what takes a processor for a while. Only so many run at once, of one cell among
 * several half of that. The more urgent goes first, and does not wait for what is less urgent and
 * runs. Among equals cells take turns: one that begins many waits for itself.
 */
import { availableParallelism } from 'node:os'
import { URGENCY, type Urgency } from '#protocol/link.ts'

/** Also on one processor: one that waits for the disk or the network does not stop the next. */
const LEAST_AT_ONCE = 2

/** Somebody may come to wait for it while it has no turn: whoever changes that calls `settle`. */
export interface Ticket {
  readonly urgency: Urgency
}

interface Entry {
  cell: object
  ticket: Ticket
}

interface Waiter extends Entry {
  begin: () => void
}

const MOST_URGENT_FIRST = [URGENCY.call, URGENCY.list, URGENCY.none] as const

export class Turns {
  readonly #isShared: () => boolean
  readonly #atOnce: number
  readonly #running = new Set<Entry>()
  /** By cell, the next one first. A cell leaves with the last that waits. */
  readonly #waiting = new Map<object, Waiter[]>()

  /** `isShared`: there are several cells, so that none may take all processors. */
  constructor(
    isShared: () => boolean,
    atOnce: number = Math.max(LEAST_AT_ONCE, availableParallelism()),
  ) {
    this.#isShared = isShared
    this.#atOnce = atOnce
  }

  /** Resolves with what ends the turn, when the cell may begin one more. It may be called again. */
  async take(cell: object, ticket: Ticket): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiter: Waiter = { cell, ticket, begin: resolve }
    const queue = this.#waiting.get(cell)
    if (queue === undefined) this.#waiting.set(cell, [waiter])
    else queue.push(waiter)
    this.settle()
    await promise
    return () => {
      if (this.#running.delete(waiter)) this.settle()
    }
  }

  /** Begins what may begin by now. */
  settle(): void {
    for (let next = this.#takeNext(); next !== undefined; next = this.#takeNext()) {
      this.#running.add(next)
      next.begin()
    }
  }

  /** Its cell is the last one then. */
  #takeNext(): Waiter | undefined {
    for (const urgency of MOST_URGENT_FIRST) {
      for (const [cell, queue] of this.#waiting) {
        const at = queue.findIndex(({ ticket }) => ticket.urgency === urgency)
        const next = queue[at]
        if (next === undefined || !this.#mayBegin(next)) continue
        queue.splice(at, 1)
        this.#waiting.delete(cell)
        if (queue.length > 0) this.#waiting.set(cell, queue)
        return next
      }
    }
    return undefined
  }

  #mayBegin({ cell, ticket }: Entry): boolean {
    const rivals = [...this.#running].filter((other) => other.ticket.urgency >= ticket.urgency)
    const own = rivals.filter((other) => other.cell === cell).length
    const share = this.#isShared() ? Math.ceil(this.#atOnce / 2) : this.#atOnce
    return rivals.length < this.#atOnce && own < share
  }
}
