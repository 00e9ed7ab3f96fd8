import { isObject } from '#protocol/json-rpc.ts'

/**
 * JSON text with sorted keys, so that equal values are equal text.
 * `undefined` when the value is nested deeper than `maxDepth`.
 */
export function toCanonicalJSON(value: unknown, maxDepth: number): string | undefined {
  const sorted = sortKeys(value, maxDepth)
  return sorted === TOO_DEEP ? undefined : JSON.stringify(sorted)
}

const TOO_DEEP = Symbol('too deep')

function sortKeys(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth === 0) return TOO_DEEP
  const entries = Object.entries(value).map(([key, member]) => [key, sortKeys(member, depth - 1)])
  if (entries.some(([, member]) => member === TOO_DEEP)) return TOO_DEEP
  if (!isObject(value)) return entries.map(([, member]) => member)
  entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
  return Object.fromEntries(entries)
}
