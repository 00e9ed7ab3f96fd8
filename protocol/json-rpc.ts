/**
 * JSON-RPC 2.0 as MCP uses it: what a frame is, told from its top-level members alone.
 * Hand-written because it stands on the warm path; payloads that are interpreted use zod.
 */

/** MCP forbids `null` ids (basic/index.mdx, Requests). */
export type RequestId = string | number

export interface JSONRPCRequest {
  jsonrpc: '2.0'
  id: RequestId
  method: string
  params?: Record<string, unknown>
}

export interface JSONRPCNotification {
  jsonrpc: '2.0'
  method: string
  params?: Record<string, unknown>
}

export interface JSONRPCResult {
  jsonrpc: '2.0'
  id: RequestId
  result: Record<string, unknown>
}

export interface JSONRPCError {
  jsonrpc: '2.0'
  id: RequestId | null
  error: { code: number; message: string; data?: unknown }
}

export type JSONRPCResponse = JSONRPCResult | JSONRPCError
export type JSONRPCMessage = JSONRPCRequest | JSONRPCNotification | JSONRPCResponse

export type MessageKind = 'request' | 'notification' | 'response'

/** What routing needs to know of a frame; the payload itself travels unparsed. */
export type Envelope =
  | { kind: 'request'; id: RequestId; method: string }
  | { kind: 'notification'; method: string }
  | { kind: 'response'; id: RequestId | null; failed: boolean }

/** Tells a parsed value's kind, or `undefined` when it is no JSON-RPC 2.0 message. Never throws. */
export function classifyMessage(value: unknown): Envelope | undefined {
  if (!isObject(value) || value.jsonrpc !== '2.0') return undefined
  if (value.method === undefined) return classifyResponse(value)
  const { id, method, params } = value
  if (typeof method !== 'string' || (params !== undefined && !isObject(params))) return undefined
  if (id === undefined) return { kind: 'notification', method }
  return isRequestId(id) ? { kind: 'request', id, method } : undefined
}

/** An error may have no id: what it answers could not be read. */
function classifyResponse(value: Record<string, unknown>): Envelope | undefined {
  const { id = null, error, result } = value
  const failed = isObject(error)
  if (!failed && !isObject(result)) return undefined
  if (isRequestId(id)) return { kind: 'response', id, failed }
  return failed && id === null ? { kind: 'response', id, failed } : undefined
}

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A map key under which `1` and `"1"` stay two ids. */
export function idKey(id: RequestId): string {
  return typeof id === 'string' ? `s${id}` : `n${id}`
}

export function toResult(id: RequestId, result: Record<string, unknown>): JSONRPCResult {
  return { jsonrpc: '2.0', id, result }
}

export function toError(
  id: RequestId | null,
  code: number,
  message: string,
  data?: unknown,
): JSONRPCError {
  return {
    jsonrpc: '2.0',
    id,
    error: data === undefined ? { code, message } : { code, message, data },
  }
}
