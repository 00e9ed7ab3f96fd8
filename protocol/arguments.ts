/** Arguments that a configuration fixes, or gives where the caller leaves them out. Pure. */
import * as z from 'zod'
import { isObjectAt } from './json-scan.ts'
import { editObject, findSpans, listMembers, readValue, splice } from './json-splice.ts'

const Values = z.record(z.string().max(256), z.unknown())

export const ArgumentRules = z.strictObject({
  fixed: Values.default({}).describe('The caller cannot set these'),
  defaults: Values.default({}).describe('For what the caller leaves out'),
})
export type ArgumentRules = z.infer<typeof ArgumentRules>

/**
 * A `tools/call` request, or another one with `params.arguments`, with what the rules say; the rest
 * stays byte for byte, and all of it where there is nothing to set. Arguments that are no object are
 * left for the server to refuse.
 */
export function setArguments(request: Uint8Array, { fixed, defaults }: ArgumentRules): Uint8Array {
  const [params, given] = findSpans(request, [['params'], ['params', 'arguments']])
  if (params === undefined || !isObjectAt(request, params.start)) return request
  const isObject = given !== undefined && isObjectAt(request, given.start)
  if (given !== undefined && !isObject && readValue(request, given) !== null) return request
  const own = given !== undefined && isObject ? request.slice(given.start, given.end) : EMPTY
  const known = new Set(listMembers(own, 0).map(({ key }) => key))
  const missing = Object.entries(defaults).filter(([key]) => !known.has(key))
  const values = { ...Object.fromEntries(missing), ...fixed }
  if (Object.keys(values).length === 0) return request
  const texts = Object.entries(values).map(([key, value]) => [key, JSON.stringify(value)] as const)
  const whole = splice(
    own,
    editObject(own, { start: 0, end: own.length }, Object.fromEntries(texts)),
  )
  // Set as one member: of a key that is there twice a server may read the other one.
  return splice(request, editObject(request, params, { arguments: decoder.decode(whole) }))
}

const EMPTY = new TextEncoder().encode('{}')
const decoder = new TextDecoder()
