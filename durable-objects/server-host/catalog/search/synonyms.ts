/** Which words may stand for which in a question, in whatever form they are asked for. Pure. */
import { ALIKE } from './thesaurus.ts'

/** By word: those that may stand for it. */
export const SYNONYMS: ReadonlyMap<string, readonly string[]> = index(ALIKE)

function index(text: string): Map<string, string[]> {
  const groups = text
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
  const known = new Map<string, string[]>()
  for (const group of groups) {
    for (const word of group) known.set(word, [...(known.get(word) ?? []), ...group])
  }
  const others = ([word, all]: [string, string[]]): [string, string[]] => {
    return [word, [...new Set(all)].filter((other) => other !== word)]
  }
  return new Map(Array.from(known, others))
}

/** The forms under which a word of a question may stand in a thesaurus, itself first. */
export function baseForms(word: string): string[] {
  const forms = [word]
  for (const [ending, base] of ENDINGS) {
    if (word.length - ending.length >= 2 && word.endsWith(ending)) {
      forms.push(word.slice(0, -ending.length) + base)
    }
  }
  return forms
}

const ENDINGS: readonly [ending: string, base: string][] = [
  ['ies', 'y'],
  ['es', ''],
  ['s', ''],
  ['ing', ''],
  ['ing', 'e'],
  ['ed', ''],
  ['ed', 'e'],
]
