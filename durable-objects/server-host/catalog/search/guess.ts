/** What may be meant where no tool has a word of a question: names that are written alike, else what is used most, and a few of each server. Pure. */
import type { CatalogEntry } from '../catalog-index.ts'
import type { ToolUses } from './tool-uses.ts'
import { toSearchWords, toWords } from './words.ts'

/** Further tools are not compared. */
const MAX_COMPARED = 5_000
const MAX_WORDS = 12
/** Of the runs of three letters in both of two words, how many are in each: less is chance. */
const MIN_ALIKE = 0.4

/** Never empty where there is a tool. */
export function guess(
  entries: readonly CatalogEntry[],
  question: string,
  limit: number,
  uses: Pick<ToolUses, 'of'>,
): CatalogEntry[] {
  const asked = toSearchWords(question, MAX_WORDS).map(toTrigrams)
  const alike = entries.slice(0, MAX_COMPARED).flatMap((entry) => {
    const words = toWords(entry.exposed).map(toTrigrams)
    const likeness = asked.reduce((sum, word) => sum + likest(word, words), 0)
    return likeness > 0 ? [{ entry, likeness }] : []
  })
  alike.sort((a, b) => b.likeness - a.likeness)
  const found = alike.slice(0, limit).map(({ entry }) => entry)
  if (found.length > 0) return found
  const used = entries.filter((entry) => uses.of(entry) > 0)
  used.sort((a, b) => uses.of(b) - uses.of(a))
  return [...new Set([...used, ...ofEach(entries, limit)])].slice(0, limit)
}

/** The first of each server, then the second: what there is at all. */
function ofEach(entries: readonly CatalogEntry[], limit: number): CatalogEntry[] {
  const counts = new Map<string, number>()
  const placed = entries.map((entry) => {
    const place = counts.get(entry.server) ?? 0
    counts.set(entry.server, place + 1)
    return { entry, place }
  })
  placed.sort((a, b) => a.place - b.place)
  return placed.slice(0, limit).map(({ entry }) => entry)
}

function likest(word: ReadonlySet<string>, others: readonly ReadonlySet<string>[]): number {
  return Math.max(0, ...others.map((other) => likenessOf(word, other)))
}

function likenessOf(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const both = [...a].filter((trigram) => b.has(trigram)).length
  const likeness = (2 * both) / (a.size + b.size)
  return likeness < MIN_ALIKE ? 0 : likeness
}

function toTrigrams(word: string): ReadonlySet<string> {
  const padded = ` ${word} `
  return new Set(Array.from(padded, (_, at) => padded.slice(at, at + 3)).slice(0, -2))
}
