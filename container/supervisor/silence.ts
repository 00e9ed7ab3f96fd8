/** Looks now and then at what a process has printed that has not answered its first request. */

/** Most have answered by then. */
const FIRST_LOOK_MS = 750
const LOOK_MS = 1_000
/** Whoever waits for the answer has given up by then. */
const MAX_LOOKS = 300

export class Silence {
  readonly #read: () => string[] | undefined
  readonly #onPrinted: (printed: string[]) => void
  #timer: NodeJS.Timeout | undefined
  #told: string | undefined
  #looks = 0

  /** `read`: `undefined` while it owes no answer. */
  constructor(read: () => string[] | undefined, onPrinted: (printed: string[]) => void) {
    this.#read = read
    this.#onPrinted = onPrinted
  }

  start(): void {
    this.#timer = setTimeout(this.#look, FIRST_LOOK_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  readonly #look = (): void => {
    const printed = this.#read()
    const newest = printed && `${printed.length} ${printed.at(-1) ?? ''}`
    if (printed !== undefined && newest !== this.#told) this.#onPrinted(printed)
    this.#told = newest
    this.#looks += 1
    if (this.#looks === MAX_LOOKS) return
    this.#timer = setTimeout(this.#look, LOOK_MS)
    this.#timer.unref()
  }
}
