/**
 * Faults as HTTP: a JSON-RPC error on MCP endpoints, plain JSON elsewhere, with the headers that
 * the status asks for. Text that is not in the table or in `detail` never leaves.
 */
import { ERRORS, toErrorObject, type ErrorCode, type GatewayError } from '#protocol/errors.ts'
import { toError } from '#protocol/json-rpc.ts'
import { toChallenge } from './auth/challenge.ts'
import type { CallRecord } from './telemetry/record.ts'

const CHALLENGING: ReadonlySet<ErrorCode> = new Set(['unauthorized', 'forbidden'])
export const ENDPOINT_METHODS = 'POST, GET, DELETE, OPTIONS'

/** The answer of an MCP endpoint; `id` is the request's where it is known. */
export function toRPCErrorResponse(error: GatewayError, record: CallRecord): Response {
  const { code, message, data } = toErrorObject(error, record.era)
  return respond(error, record, toError(record.id ?? null, code, message, data))
}

/** The answer of any other path. */
export function toJSONErrorResponse(error: GatewayError, record: CallRecord): Response {
  const { message, data } = toErrorObject(error)
  return respond(error, record, { error: { ...data, code: error.code, message } })
}

function respond(error: GatewayError, record: CallRecord, body: object): Response {
  const headers = new Headers({
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'X-Request-Id': record.requestId,
    ...error.headers,
  })
  if (error.retryAfterMs !== undefined) {
    headers.set('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))))
  }
  if (CHALLENGING.has(error.code)) {
    headers.set('WWW-Authenticate', toChallenge(error, record.challenge))
  }
  if (error.code === 'method_not_allowed' && !headers.has('Allow')) {
    headers.set('Allow', ENDPOINT_METHODS)
  }
  const { status } = ERRORS[error.code]
  return new Response(JSON.stringify(body), { status, headers, ...toReason(error) })
}

/** Some clients show the status line of a refused token, and nothing else of the answer. */
function toReason({ code, detail }: GatewayError): { statusText?: string } {
  if (code !== 'unauthorized' || detail === undefined) return {}
  return { statusText: `Unauthorized: ${detail.replace(/[^\x20-\x7e]/g, ' ')}` }
}
