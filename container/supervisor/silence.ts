/** Looks now and then at what a process has printed that has not answered its first request. */

/** Most have answered by then. */
const FIRST_LOOK_MS = 750
const LOOK_MS = 1_000

export class Silence {
  readonly #read: () => string[]
  readonly #onPrinted: (printed: string[]) => void
  #timer: NodeJS.Timeout | undefined
  #told: string | undefined

  constructor(read: () => string[], onPrinted: (printed: string[]) => void) {
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
    const newest = `${printed.length} ${printed.at(-1) ?? ''}`
    if (newest !== this.#told) this.#onPrinted(printed)
    this.#told = newest
    this.#timer = setTimeout(this.#look, LOOK_MS)
    this.#timer.unref()
  }
}
