/** A whole number of things as people type it. Pure. */
import { InvalidArgumentError } from 'commander'

export function parseCount(text: string): number {
  const count = Number(text)
  if (/^\d{1,9}$/.test(text) && count > 0) return count
  throw new InvalidArgumentError('It must be a whole number above 0.')
}
