/** Names like one that is not there: misspelt, or part of it. Pure. */
import { didYouMean } from '#protocol/did-you-mean.ts'

const MAX_NAMES = 5

export function nearest(word: string, names: readonly string[]): string[] {
  const spelt = didYouMean(word, names)
  const plain = word.toLowerCase()
  const alike = names.filter((name) => {
    const other = name.toLowerCase()
    return other.includes(plain) || plain.includes(other)
  })
  const all = new Set([...(spelt === undefined ? [] : [spelt]), ...alike])
  return [...all].slice(0, MAX_NAMES)
}
