/** What a redaction looks for, in texts and in names of members. Pure. */
import { matchesGlob, type Glob } from '#protocol/glob.ts'
import { REDACTED } from '#protocol/redaction.ts'
import { WORD_END, type Redaction } from '#protocol/transform.ts'
import { toGlobs } from '../match.ts'
import { createPersonalRedactor } from './personal.ts'
import { redactSecrets } from './secrets.ts'

export interface Redactor {
  text: (text: string) => string
  /** Whether the value of a member of this name goes, whatever it is. */
  isField: (name: string) => boolean
  /** Whether any name of a member is looked for. */
  hasFields: boolean
  keepTypes: boolean
}

/** A word, and what may stand at its end without being a part of it. */
const WORDS = new RegExp(`[^${WORD_END.source.slice(1, -1)}]+`, 'g')
const PUNCTUATION = /[.:!?]{1,8}$/

export function createRedactor({
  secrets,
  personal,
  fields,
  patterns,
  keepTypes,
}: Pick<Redaction, 'secrets' | 'personal' | 'fields' | 'patterns' | 'keepTypes'>): Redactor {
  const names = toGlobs(fields.map((field) => field.toLowerCase()))
  const words = toGlobs(patterns)
  const redactPersonal = createPersonalRedactor(personal)
  return {
    keepTypes,
    hasFields: names.length > 0,
    isField: (name) => {
      const lower = name.toLowerCase()
      return names.some((glob) => matchesGlob(glob, lower))
    },
    text: (text) => {
      const open = secrets ? redactSecrets(text) : text
      const anonymous = redactPersonal(open)
      return words.length === 0 ? anonymous : redactWords(anonymous, words)
    },
  }
}

function redactWords(text: string, globs: readonly Glob[]): string {
  return text.replace(WORDS, (word) => {
    if (globs.some((glob) => matchesGlob(glob, word))) return REDACTED
    const bare = word.replace(PUNCTUATION, '')
    if (bare === word || !globs.some((glob) => matchesGlob(glob, bare))) return word
    return REDACTED + word.slice(bare.length)
  })
}
