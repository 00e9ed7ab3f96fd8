import { GatewayError } from '#protocol/errors.ts'
import { isObject } from '#protocol/json-rpc.ts'

/** Params nested deeper than this are refused: recursion must not meet an attacker's depth. */
const MAX_DEPTH = 256

/** JSON with sorted keys and no spaces: equal values have equal texts. Throws `invalid_params`. */
export function canonicalJSON(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) {
    throw new GatewayError('invalid_params', { detail: `nested deeper than ${MAX_DEPTH}` })
  }
  if (Array.isArray(value)) {
    return `[${value.map((item) => canonicalJSON(item, depth + 1)).join(',')}]`
  }
  if (!isObject(value)) return JSON.stringify(value ?? null)
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJSON(value[key], depth + 1)}`)
  return `{${members.join(',')}}`
}
