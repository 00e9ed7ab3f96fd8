/** Finds tools by what they do. The index follows the lists: it is brought up to date when one that is searched is another. */
import type { CatalogEntry } from '../catalog-index.ts'
import { keyOf, toDocument } from './documents.ts'
import { toExpression } from './expression.ts'
import type { ToolSearchStore } from './search-store.ts'

export interface SearchRequest {
  /** All of one list; the same object while it is the same list. */
  listed: readonly CatalogEntry[]
  /** What of it may be found. */
  visible: readonly CatalogEntry[]
  question: string
  limit: number
}

/** Of tools that are no more, and of other principals' lists; with more, all of them leave. */
const MAX_UNUSED_DOCUMENTS = 10_000

export class ToolSearch {
  readonly #store: Pick<ToolSearchStore, 'keys' | 'add' | 'delete' | 'search'>
  /** Lists that are in the index, with the keys of their entries. */
  #known = new WeakMap<readonly CatalogEntry[], ReadonlyMap<CatalogEntry, string>>()

  constructor(store: Pick<ToolSearchStore, 'keys' | 'add' | 'delete' | 'search'>) {
    this.#store = store
  }

  /** Best first. A question without a word finds the first ones by name. */
  find({ listed, visible, question, limit }: SearchRequest): CatalogEntry[] {
    const expression = toExpression(question)
    if (expression === undefined) return visible.slice(0, limit)
    const keys = this.#known.get(listed) ?? this.#add(listed)
    const byKey = new Map(visible.map((entry) => [keys.get(entry), entry]))
    const found: CatalogEntry[] = []
    for (const key of this.#store.search(expression)) {
      const entry = byKey.get(key)
      if (entry !== undefined) found.push(entry)
      if (found.length >= limit) break
    }
    return found
  }

  #add(listed: readonly CatalogEntry[]): ReadonlyMap<CatalogEntry, string> {
    const keys = new Map(listed.map((entry) => [entry, keyOf(entry)]))
    const wanted = new Set(keys.values())
    const stored = this.#store.keys
    const unused = [...stored].filter((key) => !wanted.has(key))
    if (unused.length > MAX_UNUSED_DOCUMENTS) {
      for (const key of unused) this.#store.delete(key)
      // Other principals' lists put theirs back when they are searched.
      this.#known = new WeakMap()
    }
    for (const [entry, key] of keys) if (!stored.has(key)) this.#store.add(toDocument(entry))
    this.#known.set(listed, keys)
    return keys
  }
}
