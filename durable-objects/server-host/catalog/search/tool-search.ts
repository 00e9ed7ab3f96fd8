/** Finds tools by what they do. The index follows the lists: it is brought up to date when one that is searched is another. */
import type { CatalogEntry } from '../catalog-index.ts'
import { keyOf, toDocument } from './documents.ts'
import { guess } from './guess.ts'
import { toConcepts, type Concept, type Term } from './concepts.ts'
import type { ToolSearchStore } from './search-store.ts'
import type { ToolUses } from './tool-uses.ts'

export interface SearchRequest {
  /** All of one list; the same object while it is the same list. */
  listed: readonly CatalogEntry[]
  /** What of it may be found. */
  visible: readonly CatalogEntry[]
  question: string
  limit: number
}

export interface Found {
  /** Best first. */
  entries: CatalogEntry[]
  /** No tool has a word of the question: these may be near. */
  isGuess: boolean
}

/** Of tools that are no more, and of other principals' lists; with more, all of them leave. */
const MAX_UNUSED_DOCUMENTS = 10_000
/** How much more a tool counts that has something of all words than one that has much of one. */
const COVERAGE = 1.5
/** One word that fits very well makes up for less of the others. */
const EVENNESS = 0.7
/** A word that another tool of the same server has tells what the server is about: how much of it counts. */
const OF_SERVER = 0.2

interface Fit {
  score: number
  share: number
}

export class ToolSearch {
  readonly #store: Pick<ToolSearchStore, 'keys' | 'add' | 'delete' | 'match'>
  readonly #uses: Pick<ToolUses, 'of'>
  /** Lists that are in the index, with the keys of their entries. */
  #known = new WeakMap<readonly CatalogEntry[], ReadonlyMap<CatalogEntry, string>>()

  constructor(
    store: Pick<ToolSearchStore, 'keys' | 'add' | 'delete' | 'match'>,
    uses: Pick<ToolUses, 'of'>,
  ) {
    this.#store = store
    this.#uses = uses
  }

  /** A question without a word finds the first ones by name. */
  find({ listed, visible, question, limit }: SearchRequest): Found {
    const concepts = toConcepts(question)
    if (concepts.length === 0) return { entries: visible.slice(0, limit), isGuess: false }
    const keys = this.#known.get(listed) ?? this.#add(listed)
    const byKey = new Map(visible.map((entry) => [keys.get(entry) ?? '', entry]))
    const scoreOf = this.#rate(concepts, byKey)
    // A list is in the order of its names, and sorting keeps it.
    const entries = [...byKey]
      .map(([key, entry]) => ({ entry, score: scoreOf(key, entry) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || this.#uses.of(b.entry) - this.#uses.of(a.entry))
      .slice(0, limit)
      .map(({ entry }) => entry)
    if (entries.length > 0) return { entries, isGuess: false }
    return { entries: guess(visible, question, limit, this.#uses), isGuess: true }
  }

  /** How well a tool fits: what it has of each word, and more where it has something of each. */
  #rate(
    concepts: readonly Concept[],
    byKey: ReadonlyMap<string, CatalogEntry>,
  ): (key: string, entry: CatalogEntry) => number {
    const rated = concepts.map(({ terms, weight }) => {
      const fits = this.#fit(terms)
      const servers = new Set(Array.from(fits.keys(), (key) => byKey.get(key)?.server))
      return { weight, fits, servers }
    })
    const whole = rated.reduce((sum, { weight }) => sum + weight, 0)
    return (key, { server }) => {
      let [score, share] = [0, 0]
      for (const { weight, fits, servers } of rated) {
        const fit = fits.get(key)
        score += (fit?.score ?? 0) ** EVENNESS * weight
        share += (fit?.share ?? (servers.has(server) ? OF_SERVER : 0)) * weight
      }
      return score * (share / whole) ** COVERAGE
    }
  }

  /** The best that each tool has of one word, by key. */
  #fit(terms: readonly Term[]): Map<string, Fit> {
    const fits = new Map<string, Fit>()
    for (const { expression, weight, share } of terms) {
      for (const { key, score } of this.#store.match(expression)) {
        const before = fits.get(key)
        fits.set(key, {
          score: Math.max(before?.score ?? 0, score * weight),
          share: Math.max(before?.share ?? 0, share),
        })
      }
    }
    return fits
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
