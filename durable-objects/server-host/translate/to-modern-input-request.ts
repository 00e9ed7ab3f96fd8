/**
 * A legacy server that asks its client in the middle of a call, behind a modern client: what it
 * asks becomes the `inputRequests` of a result, and the `inputResponses` of the retry its answers
 * (2026-07-28, basic/patterns/mrtr.mdx).
 */
import type { JSONRPCRequest, JSONRPCResult, RequestId } from '#protocol/json-rpc.ts'
import { isObject, toResult } from '#protocol/json-rpc.ts'
import { META } from '#protocol/mcp.ts'

export type InputMethod = 'elicitation/create' | 'sampling/createMessage' | 'roots/list'

export interface Ask {
  key: string
  method: InputMethod
  params?: Record<string, unknown>
}

/** An ask whose server waits for a response to `id`. */
export interface WaitingAsk extends Ask {
  id: RequestId
}

export type Answers =
  | { ok: true; responses: JSONRPCResult[]; unanswered: WaitingAsk[] }
  /** `inputResponses` is no map. */
  | { ok: false; detail: string }

const KEY_PREFIX: Record<InputMethod, string> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
}

const ACTIONS: ReadonlySet<unknown> = new Set(['accept', 'decline', 'cancel'])

export function isInputMethod(method: string): method is InputMethod {
  return Object.hasOwn(KEY_PREFIX, method)
}

/** Counts all asks of one call, so that a late answer never meets a newer ask. */
export function inputKey(method: InputMethod, ordinal: number): string {
  return `${KEY_PREFIX[method]}-${ordinal}`
}

/**
 * What a server asked, as a modern client may be asked it. `ordinal` is 1 for the call's first ask.
 * `undefined` for a method that no modern client can be asked: the server gets `-32601`.
 */
export function toAsk(request: JSONRPCRequest, ordinal: number): WaitingAsk | undefined {
  const { id, method } = request
  if (!isInputMethod(method)) return undefined
  const params = toModernParams(request.params)
  return { id, key: inputKey(method, ordinal), method, ...(params && { params }) }
}

/** Neither tasks nor progress of an ask exist in the modern era, nor do elicitation ids. */
function toModernParams(
  params: Record<string, unknown> | undefined,
): Record<string, unknown> | undefined {
  if (params === undefined) return undefined
  const { task: _task, elicitationId: _id, _meta: meta, ...rest } = params
  if (!isObject(meta)) return rest
  const { progressToken: _token, ...others } = meta
  return Object.keys(others).length === 0 ? rest : { ...rest, _meta: others }
}

/**
 * What the client would have to declare for these asks (`data.requiredCapabilities` of `-32021`);
 * `undefined` when it did. For roots, `declared` has to be what the process was told.
 */
export function requiredCapabilities(
  asks: readonly Ask[],
  declared: Record<string, unknown>,
): Record<string, unknown> | undefined {
  const missing: Record<string, Record<string, unknown>> = {}
  for (const ask of asks) {
    const [capability, member] = needOf(ask)
    if (isDeclared(declared, capability, member)) continue
    missing[capability] = { ...missing[capability], ...(member && { [member]: {} }) }
  }
  return Object.keys(missing).length === 0 ? undefined : missing
}

function needOf({ method, params }: Ask): [capability: string, member?: string] {
  if (method === 'roots/list') return ['roots']
  if (method === 'elicitation/create') {
    return ['elicitation', params?.mode === 'url' ? 'url' : 'form']
  }
  const usesTools = params?.tools !== undefined || params?.toolChoice !== undefined
  return usesTools ? ['sampling', 'tools'] : ['sampling']
}

function isDeclared(declared: Record<string, unknown>, name: string, member?: string): boolean {
  const capability = declared[name]
  if (!isObject(capability)) return false
  if (member === undefined || capability[member] !== undefined) return true
  // `elicitation: {}` is how clients declared the form before there were modes.
  return member === 'form' && capability.url === undefined
}

/** The result that ends the client's request and asks it to come back. `asks` is not empty. */
export function toInputRequired(
  asks: readonly Ask[],
  requestState: string,
  serverInfo?: Record<string, unknown>,
): Record<string, unknown> {
  return {
    resultType: 'input_required',
    inputRequests: Object.fromEntries(
      asks.map(({ key, method, params }) => [key, { method, ...(params && { params }) }]),
    ),
    requestState,
    ...(serverInfo && { _meta: { [META.serverInfo]: serverInfo } }),
  }
}

/**
 * The responses that the server waits for. An ask whose answer is missing or not of its kind is
 * unanswered and asked again; answers that nobody asked for are ignored.
 */
export function answerAsks(asks: readonly WaitingAsk[], inputResponses: unknown): Answers {
  if (inputResponses !== undefined && !isObject(inputResponses)) {
    return { ok: false, detail: 'inputResponses is not an object' }
  }
  const responses: JSONRPCResult[] = []
  const unanswered: WaitingAsk[] = []
  for (const ask of asks) {
    const answer = inputResponses && Object.hasOwn(inputResponses, ask.key)
    const result = answer ? inputResponses[ask.key] : undefined
    if (isAnswer(ask.method, result)) responses.push(toResult(ask.id, result))
    else unanswered.push(ask)
  }
  return { ok: true, responses, unanswered }
}

function isAnswer(method: InputMethod, result: unknown): result is Record<string, unknown> {
  if (!isObject(result)) return false
  if (method === 'elicitation/create') return ACTIONS.has(result.action)
  if (method === 'roots/list') return Array.isArray(result.roots)
  const hasContent = isObject(result.content) || Array.isArray(result.content)
  return typeof result.role === 'string' && hasContent
}
