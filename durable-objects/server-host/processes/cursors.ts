/** Follows the cursors of one list of a server's, as far as they lead. */

/** A server that lists more is read no further. */
const MAX_PAGES = 50

export class Cursors {
  readonly #seen = new Set<string>()
  #pages = 0
  /** Why the list is not read to its end. */
  cut: string | undefined

  /**
   * The cursor of the next page; `undefined` after the last one. `isStale`: the page had entries, and
   * none of them was new.
   */
  next(nextCursor: unknown, isStale: boolean): string | undefined {
    this.#pages++
    // Some servers write "" where there is no further page.
    if (nextCursor === undefined || nextCursor === null || nextCursor === '') return undefined
    this.cut = this.#reasonToStop(nextCursor, isStale)
    if (this.cut !== undefined || typeof nextCursor !== 'string') return undefined
    this.#seen.add(nextCursor)
    return nextCursor
  }

  #reasonToStop(nextCursor: unknown, isStale: boolean): string | undefined {
    if (typeof nextCursor !== 'string') return 'its cursor is no text: further pages are not read'
    if (isStale || this.#seen.has(nextCursor)) {
      return `its pages repeat themselves: what follows page ${this.#pages} is not read`
    }
    if (this.#pages >= MAX_PAGES) return `only its first ${MAX_PAGES} pages are read`
    return undefined
  }
}
