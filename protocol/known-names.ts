/** What there is in the place of a name that there is not. Pure. */
import { didYouMean } from './did-you-mean.ts'

/** Names that are listed. */
const MAX_LISTED_NAMES = 20

export function describeKnownNames(name: string, names: readonly string[]): string {
  if (names.length === 0) return 'there are none'
  const near = didYouMean(name, names)
  if (near !== undefined) return `did you mean ${near}?`
  const more =
    names.length > MAX_LISTED_NAMES ? `, and ${names.length - MAX_LISTED_NAMES} more` : ''
  return `there are ${names.slice(0, MAX_LISTED_NAMES).join(', ')}${more}`
}
