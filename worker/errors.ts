/**
 * Faults as HTTP: a JSON-RPC error on MCP endpoints, plain JSON elsewhere, with the headers that
 * the status asks for. Text that is not in the table or in `detail` never leaves.
 */
import { ERRORS, toErrorObject, type GatewayError } from '#protocol/errors.ts'
import { toError } from '#protocol/json-rpc.ts'
import type { CallRecord } from './context.ts'

export const ENDPOINT_METHODS = 'POST, GET, DELETE, OPTIONS'

/** The answer of an MCP endpoint; `id` is the request's where it is known. */
export function toRPCErrorResponse(error: GatewayError, record: CallRecord): Response {
  const { code, message, data } = toErrorObject(error)
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
  })
  if (error.retryAfterMs !== undefined) {
    headers.set('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))))
  }
  if (error.code === 'unauthorized') headers.set('WWW-Authenticate', toChallenge(error))
  if (error.code === 'method_not_allowed') headers.set('Allow', ENDPOINT_METHODS)
  return new Response(JSON.stringify(body), { status: ERRORS[error.code].status, headers })
}

/**
 * RFC 6750, section 3. There is no `resource_metadata`: clients that see it start OAuth and
 * ignore the token they were configured with.
 */
function toChallenge(error: GatewayError): string {
  const realm = 'Bearer realm="hearth"'
  // Without a token the challenge carries no error code (section 3.1).
  return error.data?.reason === 'invalid_token' ? `${realm}, error="invalid_token"` : realm
}
