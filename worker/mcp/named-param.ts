/** Where in a request its name or URI is. Pure. */
import { isObject } from '#protocol/json-rpc.ts'
import type { Path } from '#protocol/json-splice.ts'
import type { Kind } from '#protocol/scopes.ts'

export interface NamedParam {
  kind: Kind
  name: string
  path: Path
}

const NAMED: ReadonlyMap<string, [kind: Kind, member: string]> = new Map([
  ['tools/call', ['tool', 'name']],
  ['prompts/get', ['prompt', 'name']],
  ['resources/read', ['resource', 'uri']],
  ['resources/subscribe', ['resource', 'uri']],
  ['resources/unsubscribe', ['resource', 'uri']],
])

/** `undefined` for a method that names nothing; `malformed` where a name is due and is none. */
export function findNamed(method: string, params: unknown): NamedParam | 'malformed' | undefined {
  if (method === 'completion/complete') return findReferred(isObject(params) ? params.ref : {})
  const [kind, member] = NAMED.get(method) ?? []
  if (kind === undefined || member === undefined) return undefined
  const name = isObject(params) ? params[member] : undefined
  return typeof name === 'string' ? { kind, name, path: ['params', member] } : 'malformed'
}

/** `ref/prompt` has a name, `ref/resource` a URI or a template. */
function findReferred(ref: unknown): NamedParam | 'malformed' {
  const { type, name, uri } = isObject(ref) ? ref : {}
  if (type === 'ref/prompt' && typeof name === 'string') {
    return { kind: 'prompt', name, path: ['params', 'ref', 'name'] }
  }
  if (type === 'ref/resource' && typeof uri === 'string') {
    return { kind: 'resource', name: uri, path: ['params', 'ref', 'uri'] }
  }
  return 'malformed'
}
