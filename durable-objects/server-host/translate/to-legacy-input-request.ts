/**
 * A modern server that answers `input_required`, behind a legacy client: its input requests become
 * requests on the client's stream, and their answers the retry (2026-07-28, basic/patterns/mrtr.mdx).
 */
import type { HostCall } from '#protocol/host-call.ts'
import type { JSONRPCRequest, JSONRPCResponse, RequestId } from '#protocol/json-rpc.ts'
import { isObject, toError, toResult } from '#protocol/json-rpc.ts'
import { editObject, findSpans, splice } from '#protocol/json-splice.ts'
import type { Ask } from './to-modern-input-request.ts'
import { isInputMethod, requiredCapabilities } from './to-modern-input-request.ts'

/** A server that asks more often than this for one call is not going to answer it. */
export const MAX_INPUT_ROUNDS = 8
/** Most input requests in one round. */
export const MAX_ROUND_ASKS = 64

export interface InputRound {
  /** May be empty: then only the state is to be sent back. */
  asks: Ask[]
  requestState?: string
}

/** `undefined` when the result is no valid `input_required` result. */
export function readInputRound(result: unknown): InputRound | undefined {
  if (!isObject(result) || result.resultType !== 'input_required') return undefined
  const { inputRequests, requestState } = result
  if (inputRequests !== undefined && !isObject(inputRequests)) return undefined
  if (requestState !== undefined && typeof requestState !== 'string') return undefined
  const entries = Object.entries(inputRequests ?? {})
  if (entries.length > MAX_ROUND_ASKS) return undefined
  if (entries.length === 0 && requestState === undefined) return undefined
  const asks = entries.map(([key, request]) => readAsk(key, request))
  if (!asks.every((ask) => ask !== undefined)) return undefined
  return { asks, ...(requestState !== undefined && { requestState }) }
}

function readAsk(key: string, request: unknown): Ask | undefined {
  if (!isObject(request) || typeof request.method !== 'string') return undefined
  const { method, params } = request
  if (!isInputMethod(method)) return undefined
  if (isObject(params)) return { key, method, params }
  return params === undefined && method === 'roots/list' ? { key, method } : undefined
}

/**
 * The request that a legacy client is sent. `elicitationId` has to be unguessable; the URL mode of
 * 2025-11-25 needs one. Check `requiredCapabilities` first.
 */
export function toLegacyAsk(ask: Ask, id: RequestId, elicitationId: string): JSONRPCRequest {
  const { method, params } = ask
  const named = params?.mode === 'url' ? { elicitationId, ...params } : params
  return { jsonrpc: '2.0', id, method, ...(named && { params: named }) }
}

/** The round's call again: `frame` is the modern request as it was first sent. */
export function toRetry(
  frame: Uint8Array,
  retry: { id: RequestId; inputResponses: Record<string, unknown>; requestState?: string },
): Uint8Array {
  const [id, params] = findSpans(frame, [['id'], ['params']])
  if (id === undefined || params === undefined) throw new TypeError('a retry needs id and params')
  const hasAnswers = Object.keys(retry.inputResponses).length > 0
  return splice(frame, [
    { span: id, text: JSON.stringify(retry.id) },
    ...editObject(frame, params, {
      inputResponses: hasAnswers ? JSON.stringify(retry.inputResponses) : undefined,
      requestState:
        retry.requestState === undefined ? undefined : JSON.stringify(retry.requestState),
    }),
  ])
}

/** Why a call that is answered with JSON alone cannot ask. */
export const NO_EVENTS = 'The client cannot be asked: its Accept has no text/event-stream'

/** Why a legacy client is not asked what the server wants to know; `undefined`: it can be. */
export function whyNotAsked(
  asks: readonly Ask[],
  { capabilities, takes }: { capabilities: Record<string, unknown>; takes: HostCall['takes'] },
): string | undefined {
  const missing = requiredCapabilities(asks, capabilities)
  if (missing !== undefined) {
    return `The server asks for a capability that the client does not have: ${Object.keys(missing).join(', ')}`
  }
  return asks.length > 0 && takes === 'json' ? NO_EVENTS : undefined
}

/** How a legacy client learns that its call failed because an ask was refused or could not be made. */
export function toRoundFailure(id: RequestId, method: string, message: string): JSONRPCResponse {
  if (method !== 'tools/call') return toError(id, -32603, message)
  return toResult(id, { content: [{ type: 'text', text: message }], isError: true })
}
