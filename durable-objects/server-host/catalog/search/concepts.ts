/** A question as what it asks about: each word with those that may stand for it, as full-text queries. Pure. */
import { baseForms, SYNONYMS } from './synonyms.ts'
import { COMMON_WORDS } from './thesaurus.ts'
import { toSearchWords } from './words.ts'

/** What stands for one word of a question: of what a tool has of it, the best counts. */
export interface Concept {
  terms: Term[]
  /** How much it counts beside the other words. */
  weight: number
}

export interface Term {
  /** SQLite FTS5, "Full-text Query Syntax". Letters and digits between quotes: nothing of a question is syntax. */
  expression: string
  /** How much it counts beside the word itself. */
  weight: number
  /** How much of the word a tool has that has this. */
  share: number
}

export const MAX_QUESTION_CHARS = 2_000
const MAX_WORDS = 24
/** A shorter word is looked for as it is: too much begins with it. */
const MIN_PREFIX_CHARS = 3
const WHOLE = { weight: 1, share: 1 }
const BEGINNING = { weight: 0.5, share: 0.7 }
const SYNONYM = { weight: 0.7, share: 0.75 }
/** Most tools find, get or make something: what they do it to tells more. */
const COMMON_WEIGHT = 0.65

/** A question about what there is: it wants to be told something, and nothing done. */
const ASKS =
  /^\s*(who|whose|what|which|when|where|why|how|is|are|was|were|did|does|do|has|have|will|can)\b/i
const TELLING = 'get list read show search find tell query retrieve report give'.split(' ')
const TELLING_WEIGHT = 0.4

export function toConcepts(question: string): Concept[] {
  const text = question.slice(0, MAX_QUESTION_CHARS)
  const words = toSearchWords(text, MAX_WORDS)
  const concepts = words.map((word, at): Concept => {
    const next = words[at + 1]
    const synonyms = new Set(baseForms(word).flatMap((form) => SYNONYMS.get(form) ?? []))
    const isCommon = baseForms(word).some((form) => COMMON_WORDS.has(form))
    return {
      weight: isCommon ? COMMON_WEIGHT : 1,
      terms: [
        { expression: quote(word), ...WHOLE },
        // "e mail", "web site": somebody may write it in one.
        ...(next === undefined ? [] : [{ expression: quote(word + next), ...WHOLE }]),
        ...(word.length < MIN_PREFIX_CHARS
          ? []
          : [{ expression: `${quote(word)} *`, ...BEGINNING }]),
        ...(synonyms.size === 0
          ? []
          : [{ expression: [...synonyms].map(quote).join(' OR '), ...SYNONYM }]),
      ],
    }
  })
  if (concepts.length === 0 || !ASKS.test(text)) return concepts
  const telling = { expression: TELLING.map(quote).join(' OR '), ...WHOLE }
  return [...concepts, { weight: TELLING_WEIGHT, terms: [telling] }]
}

function quote(word: string): string {
  return `"${word}"`
}
