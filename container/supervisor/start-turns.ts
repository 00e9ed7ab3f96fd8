/**
 * Who may start a process next. A start takes a processor for a while, so only as many run at once as
 * there are processors, of one cell among several half of that, and the cells take turns: one that
 * starts many waits for itself.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Also on one processor: a start that waits for the disk does not stop the next. */
const LEAST_AT_ONCE = 2

/** The longest that a start counts as one. Milliseconds. */
const LONGEST_START_MS = 1_000

/** How often a process that has said nothing is looked at. Milliseconds. */
const LOOK_MS = 50

export interface StartTurn {
  /** The process that it was for; the turn ends when that waits for its input, or takes too long. */
  follow(pid: number): void
  /** It has come up, or it never will. May be called again. */
  end(): void
}

export class StartTurns {
  readonly #isShared: () => boolean
  readonly #atOnce: number
  #running = 0
  /** By cell. */
  readonly #starting = new Map<object, number>()
  /** By cell, the next one first. A cell leaves with the last that waits. */
  readonly #waiting = new Map<object, (() => void)[]>()

  /** `isShared`: there are several cells, so that none may take all processors. */
  constructor(
    isShared: () => boolean,
    atOnce: number = Math.max(LEAST_AT_ONCE, availableParallelism()),
  ) {
    this.#isShared = isShared
    this.#atOnce = atOnce
  }

  /** Resolves when the cell may start one more. */
  async take(cell: object): Promise<StartTurn> {
    if (this.#mayStart(cell)) this.#begin(cell)
    else await new Promise<void>((resolve) => this.#queue(cell, resolve))
    return createTurn(() => this.#end(cell))
  }

  #mayStart(cell: object): boolean {
    const share = this.#isShared() ? Math.ceil(this.#atOnce / 2) : this.#atOnce
    return this.#running < this.#atOnce && (this.#starting.get(cell) ?? 0) < share
  }

  #begin(cell: object): void {
    this.#running += 1
    this.#starting.set(cell, (this.#starting.get(cell) ?? 0) + 1)
  }

  #queue(cell: object, resolve: () => void): void {
    const queue = this.#waiting.get(cell)
    if (queue === undefined) this.#waiting.set(cell, [resolve])
    else queue.push(resolve)
  }

  #end(cell: object): void {
    this.#running -= 1
    const left = (this.#starting.get(cell) ?? 0) - 1
    if (left > 0) this.#starting.set(cell, left)
    else this.#starting.delete(cell)
    this.#startNext()
  }

  /** Of the first cell that may; it is the last one then. */
  #startNext(): void {
    for (const [cell, queue] of this.#waiting) {
      if (!this.#mayStart(cell)) continue
      const next = queue.shift()
      this.#waiting.delete(cell)
      if (queue.length > 0) this.#waiting.set(cell, queue)
      this.#begin(cell)
      next?.()
      return
    }
  }
}

function createTurn(onEnd: () => void): StartTurn {
  let looking: NodeJS.Timeout | undefined
  let isOver = false
  const end = (): void => {
    clearInterval(looking)
    if (!isOver) onEnd()
    isOver = true
  }
  return {
    end,
    follow(pid) {
      const latest = performance.now() + LONGEST_START_MS
      let before: string | undefined
      looking = setInterval(() => {
        const now = readRest(pid)
        if (performance.now() >= latest || (now !== undefined && now === before)) end()
        before = now
      }, LOOK_MS)
      looking.unref()
      if (isOver) clearInterval(looking)
    },
  }
}

/** The processor time that a sleeping process has used; `undefined` while it runs, or where that is not told. */
function readRest(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'S' ? fields.slice(10, 12).join(' ') : undefined
  } catch {
    return undefined
  }
}
