import type { JSONRPCError } from '#protocol/json-rpc.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { INPUT_METHODS } from '#protocol/mcp.ts'
import type { Ask } from './to-modern-input-request.ts'
import { inputKey } from './to-modern-input-request.ts'

type RPCError = JSONRPCError['error']

/** Codes of 2025-11-25 that a modern server must not send. */
const RESOURCE_NOT_FOUND = -32002
const URL_ELICITATION_REQUIRED = -32042
const METHOD_NOT_FOUND = -32601
const INVALID_PARAMS = -32602
const INTERNAL_ERROR = -32603

export type ModernError =
  /** `status` holds while nothing of the answer has been sent; on a stream the error goes in band. */
  | { kind: 'error'; status: 200 | 404; error: RPCError }
  /**
   * The server ended the call because the user must visit URLs first. The call is not parked: the
   * retry is sent to the server as a new call, whatever the client answers.
   */
  | { kind: 'asks'; asks: Ask[] }

/** `uri`: `params.uri` of the request, where it has one. `ordinal`: of the call's next ask. */
export function toModernError(
  error: RPCError,
  request: { method: string; uri?: string; ordinal?: number },
): ModernError {
  if (isNotFound(error, request.method)) {
    const data = { uri: request.uri, ...(isObject(error.data) ? error.data : {}) }
    return { kind: 'error', status: 200, error: { ...error, code: INVALID_PARAMS, data } }
  }
  if (error.code === METHOD_NOT_FOUND) return { kind: 'error', status: 404, error }
  if (error.code === URL_ELICITATION_REQUIRED && INPUT_METHODS.has(request.method)) {
    const asks = urlAsks(error.data, request.ordinal ?? 1)
    if (asks.length > 0) return { kind: 'asks', asks }
  }
  const code = isReserved(error.code) ? INTERNAL_ERROR : error.code
  return { kind: 'error', status: 200, error: { ...error, code } }
}

/** Some legacy servers say `-32602` already, but without the URI that a modern client looks for. */
function isNotFound({ code, data }: RPCError, method: string): boolean {
  if (code === RESOURCE_NOT_FOUND) return true
  const open = data === undefined || isObject(data)
  return code === INVALID_PARAMS && method === 'resources/read' && open
}

/** A legacy server means something of its own by these; to a modern client they are the spec's. */
function isReserved(code: number): boolean {
  return code <= -32020 && code >= -32099
}

function urlAsks(data: unknown, ordinal: number): Ask[] {
  const elicitations = isObject(data) && Array.isArray(data.elicitations) ? data.elicitations : []
  return elicitations.filter(isURLElicitation).map(({ url, message }, index) => ({
    key: inputKey('elicitation/create', ordinal + index),
    method: 'elicitation/create',
    params: { mode: 'url', message, url },
  }))
}

function isURLElicitation(value: unknown): value is { url: string; message: string } {
  return isObject(value) && typeof value.url === 'string' && typeof value.message === 'string'
}
