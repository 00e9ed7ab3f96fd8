/** A map of so many entries at most: with more, the one that was set longest ago leaves. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #max: number

  constructor(max: number) {
    super()
    this.#max = max
  }

  /** What is set again counts as new. */
  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    if (this.size > this.#max) {
      const [oldest] = this.keys()
      this.delete(oldest as K)
    }
    return this
  }
}
