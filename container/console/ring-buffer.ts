/** Keeps the newest items within two bounds: how many, and how many bytes in all. */
export class RingBuffer<T> {
  readonly #maxItems: number
  readonly #maxBytes: number
  readonly #sizes: number[] = []
  readonly #items: (T | undefined)[] = []
  #first = 0
  #bytes = 0

  constructor(maxItems: number, maxBytes: number) {
    this.#maxItems = maxItems
    this.#maxBytes = maxBytes
  }

  /** Drops the oldest until the item fits; an item over the byte bound is not kept. */
  push(item: T, bytes: number): void {
    if (bytes > this.#maxBytes) return
    this.#items.push(item)
    this.#sizes.push(bytes)
    this.#bytes += bytes
    while (this.length > this.#maxItems || this.#bytes > this.#maxBytes) {
      this.#bytes -= this.#sizes[this.#first] ?? 0
      this.#items[this.#first] = undefined
      this.#first += 1
    }
    if (this.#first > this.#maxItems) this.#compact()
  }

  get length(): number {
    return this.#items.length - this.#first
  }

  /** Oldest first. */
  toArray(): T[] {
    return this.#items.slice(this.#first) as T[]
  }

  #compact(): void {
    this.#items.splice(0, this.#first)
    this.#sizes.splice(0, this.#first)
    this.#first = 0
  }
}
