import { readKey, skipSpace, skipValue, walkMembers } from '#protocol/json-scan.ts'

const MEMBERS = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error'])

/** No id or method name is longer. */
const MAX_SCALAR_BYTES = 64 * 1024

const OPEN_OBJECT = 0x7b
const OPEN_ARRAY = 0x5b

/**
 * A message's own members, with nested values left out: all that its kind depends on, at a
 * fraction of a parse. `undefined` for what is not one whole object; nested values are not checked.
 */
export function skimMessage(json: Uint8Array): unknown {
  const start = skipSpace(json, 0)
  if (json[start] !== OPEN_OBJECT) return undefined
  const members: Record<string, unknown> = {}
  try {
    const end = walkMembers(json, start, (keyStart, keyEnd, at) => {
      const valueEnd = skipValue(json, at)
      const key = readKey(json, keyStart, keyEnd)
      if (MEMBERS.has(key)) members[key] = readShallow(json, at, valueEnd)
      return valueEnd
    })
    return skipSpace(json, end) === json.length ? members : undefined
  } catch {
    return undefined
  }
}

function readShallow(json: Uint8Array, at: number, end: number): unknown {
  if (json[at] === OPEN_OBJECT) return {}
  if (json[at] === OPEN_ARRAY) return [null]
  if (end - at > MAX_SCALAR_BYTES) return ''
  return JSON.parse(Buffer.from(json.buffer, json.byteOffset + at, end - at).toString('utf8'))
}
