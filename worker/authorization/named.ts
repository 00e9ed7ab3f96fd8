/** What a request names that its principal may or may not use. Pure. */
import { isObject } from '#protocol/json-rpc.ts'
import type { Kind } from '#protocol/scopes.ts'

export interface Named {
  kind: Kind
  name: string
  /** It may be a URI template. */
  isTemplate?: true
}

/** Methods that name nothing. A task is known by an id that only its maker was told. */
export const FREE_METHODS: ReadonlySet<string> = new Set([
  'initialize',
  'server/discover',
  'ping',
  'logging/setLevel',
  'tools/call',
  'prompts/get',
  'completion/complete',
  'tasks/get',
  'tasks/result',
  'tasks/cancel',
])

/**
 * Methods for which the ServerHost object must know what the principal may use: lists, and what
 * a session or a stream is told of resources afterwards.
 */
export const KIND_OF_ACCESS: ReadonlyMap<string, Kind> = new Map([
  ['tools/list', 'tool'],
  ['prompts/list', 'prompt'],
  ['resources/list', 'resource'],
  ['resources/templates/list', 'resource'],
  ['resources/read', 'resource'],
  ['resources/subscribe', 'resource'],
  ['resources/unsubscribe', 'resource'],
  ['subscriptions/listen', 'resource'],
  ['initialize', 'resource'],
])

const NAMING: ReadonlyMap<string, [kind: Kind, member: 'name' | 'uri']> = new Map([
  ['tools/call', ['tool', 'name']],
  ['prompts/get', ['prompt', 'name']],
  ['resources/read', ['resource', 'uri']],
  ['resources/subscribe', ['resource', 'uri']],
  ['resources/unsubscribe', ['resource', 'uri']],
])

/**
 * All that a request names. A member that is missing names nothing: the server answers that. One of
 * another type is malformed: a server could make a string of it.
 */
export function namesIn(method: string, params: Record<string, unknown>): Named[] | 'malformed' {
  if (method === 'completion/complete') return namesInReference(params.ref)
  const naming = NAMING.get(method)
  if (naming === undefined) return []
  const [kind, member] = naming
  const name = params[member]
  if (name === undefined) return []
  return typeof name === 'string' ? [{ kind, name }] : 'malformed'
}

/** `ref/prompt` has a name, `ref/resource` a URI or a template: whichever is there must be allowed. */
function namesInReference(ref: unknown): Named[] | 'malformed' {
  if (ref === undefined) return []
  if (!isObject(ref)) return 'malformed'
  const { name, uri } = ref
  const isText = (value: unknown) => value === undefined || typeof value === 'string'
  if (!isText(name) || !isText(uri)) return 'malformed'
  return [
    ...(typeof name === 'string' ? [{ kind: 'prompt' as const, name }] : []),
    ...(typeof uri === 'string'
      ? [{ kind: 'resource' as const, name: uri, isTemplate: true as const }]
      : []),
  ]
}
