/** A question as a full-text query of SQLite (FTS5, "Full-text Query Syntax"). Pure. */
import { toSearchWords } from './words.ts'

export const MAX_QUESTION_CHARS = 2_000
const MAX_WORDS = 24
/** A shorter word is looked for as it is: too much begins with it. */
const MIN_PREFIX_CHARS = 3

/**
 * Any of the words, or what begins with it; a whole word counts twice. Words are letters and digits
 * between quotes, so nothing of the question is syntax. `undefined` where it has no word at all.
 */
export function toExpression(question: string): string | undefined {
  const words = toSearchWords(question.slice(0, MAX_QUESTION_CHARS), MAX_WORDS)
  if (words.length === 0) return undefined
  return words
    .map((word) => (word.length < MIN_PREFIX_CHARS ? `"${word}"` : `"${word}" OR "${word}" *`))
    .join(' OR ')
}
