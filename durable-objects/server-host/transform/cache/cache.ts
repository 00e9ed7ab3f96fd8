/** Results that are kept, in memory alone: bounded in number and bytes, the least recently used leaves. */

/** Results of all servers of the tenant. */
const MAX_CACHE_ENTRIES = 2_000
const MAX_CACHE_BYTES = 33_554_432
/** A larger result is not kept. */
const MAX_ENTRY_BYTES = 1_048_576

export interface Entry {
  server: string
  /** The value of `result`, before any transformer saw it. */
  result: Uint8Array
  /** All `Date.now()`: until when it serves for what. */
  freshUntil: number
  revalidateUntil: number
  errorUntil: number
}

export class Cache {
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>()
  /** Grows when entries of a server are dropped, so that a result from before is not kept after. */
  readonly #generations = new Map<string, number>()
  #bytes = 0

  get(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  set(key: string, entry: Entry): void {
    this.#delete(key)
    if (entry.result.length > MAX_ENTRY_BYTES) return
    this.#entries.set(key, entry)
    this.#bytes += entry.result.length + key.length
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= MAX_CACHE_ENTRIES && this.#bytes <= MAX_CACHE_BYTES) return
      this.#delete(oldest)
    }
  }

  generationOf(server: string): number {
    return this.#generations.get(server) ?? 0
  }

  /** Forgets what is known of a server. */
  drop(server: string): void {
    this.#generations.set(server, this.generationOf(server) + 1)
    for (const [key, entry] of this.#entries) if (entry.server === server) this.#delete(key)
  }

  #delete(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#bytes -= entry.result.length + key.length
  }
}
