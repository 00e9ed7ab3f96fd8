import { isObject } from './json-rpc.ts'

/**
 * JSON with sorted keys and no spaces: equal values have equal texts. `undefined` for a value that
 * is nested deeper than `maxDepth`: recursion must not meet an attacker's depth.
 */
export function toCanonicalJSON(value: unknown, maxDepth: number): string | undefined {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  if (maxDepth === 0) return undefined
  if (!isObject(value)) {
    const items = Object.values(value).map((item: unknown) => toCanonicalJSON(item, maxDepth - 1))
    return items.includes(undefined) ? undefined : `[${items.join(',')}]`
  }
  const members: string[] = []
  for (const key of Object.keys(value).sort()) {
    if (value[key] === undefined) continue
    const text = toCanonicalJSON(value[key], maxDepth - 1)
    if (text === undefined) return undefined
    members.push(`${JSON.stringify(key)}:${text}`)
  }
  return `{${members.join(',')}}`
}
