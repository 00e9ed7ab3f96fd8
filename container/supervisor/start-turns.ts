/**
 * Who may start a process next. A start takes a processor for a while, so only as many run at once as
 * there are processors, and the cells take turns: one that starts many waits for itself.
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
  readonly #atOnce: number
  #running = 0
  /** By cell, the next one first. A cell leaves with the last that waits. */
  readonly #waiting = new Map<object, (() => void)[]>()

  constructor(atOnce: number = Math.max(LEAST_AT_ONCE, availableParallelism())) {
    this.#atOnce = atOnce
  }

  /** Resolves when the cell may start one more. */
  async take(cell: object): Promise<StartTurn> {
    if (this.#running < this.#atOnce) this.#running += 1
    else await new Promise<void>((resolve) => this.#queue(cell, resolve))
    return createTurn(() => this.#pass())
  }

  #queue(cell: object, resolve: () => void): void {
    const queue = this.#waiting.get(cell)
    if (queue === undefined) this.#waiting.set(cell, [resolve])
    else queue.push(resolve)
  }

  /** To the next cell, which then is the last. */
  #pass(): void {
    const [first] = this.#waiting
    if (first === undefined) {
      this.#running -= 1
      return
    }
    const [cell, queue] = first
    const next = queue.shift()
    this.#waiting.delete(cell)
    if (queue.length > 0) this.#waiting.set(cell, queue)
    next?.()
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
