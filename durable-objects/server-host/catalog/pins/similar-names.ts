/** Names that a reader, or a model, could take for one another. Pure. */

/** Of shorter names too many are one letter apart by chance. */
const MIN_EDIT_CHARS = 10
/** Longer names are compared as far as this. */
const MAX_COMPARED_CHARS = 128

/** Letters of other scripts, and digits, that look like a Latin one. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map([
  ...pairs('аеорсухіјѕԁһкмтвн', 'aeopcyxijsdhkmtbh'),
  ...pairs('αοιυνκρτεβη', 'aoiuvkptebn'),
  ...pairs('01l|5$3@', 'oiiissea'),
])

/** What is left of a name that is only looked at: equal for names that look the same. */
export function skeletonOf(name: string): string {
  const folded = name
    .slice(0, MAX_COMPARED_CHARS)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}|$@]/gu, '')
  const looked = Array.from(folded, (letter) => LOOKALIKES.get(letter) ?? letter).join('')
  return looked.replaceAll('rn', 'm').replaceAll('vv', 'w')
}

/** Whether one typing mistake makes one of the other. A plural is none. */
export function isOneEditApart(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  if (short.length < MIN_EDIT_CHARS || long.length - short.length > 1 || short === long)
    return false
  if (long === `${short}s`) return false
  let head = 0
  while (head < short.length && short[head] === long[head]) head++
  if (short.length < long.length) return short.slice(head) === long.slice(head + 1)
  if (short.slice(head + 1) === long.slice(head + 1)) return true
  const isSwapped = short[head] === long[head + 1] && short[head + 1] === long[head]
  return isSwapped && short.slice(head + 2) === long.slice(head + 2)
}

/** Texts, each once, of which two have one in common if they are one edit apart. */
export function editKeys(text: string): string[] {
  if (text.length < MIN_EDIT_CHARS) return []
  const shorter = Array.from(text, (_, at) => text.slice(0, at) + text.slice(at + 1))
  return [...new Set([text, ...shorter])]
}

function pairs(letters: string, latin: string): [string, string][] {
  return Array.from(letters, (letter, at) => [letter, latin[at] ?? letter])
}
