/**
 * Every failure that Hearth itself reports: one table, one class.
 * A code is stable: it is the metric label, the log's `outcome`, and an entry in docs/failures.md.
 */

interface ErrorSpec {
  /**
   * HTTP status when nothing of the answer has been sent yet. A failure of the server behind an
   * accepted request is an answer to it, so 200: clients match it to their call by its id.
   */
  status: number
  /** JSON-RPC error code. -32000…-32019 are the implementation's, -32020…-32099 the spec's. */
  rpc: number
  /** Whether the same request, sent again by the client, may succeed with no other change. */
  retryable: boolean
  message: string
}

export const ERRORS = {
  parse_error: { status: 400, rpc: -32700, retryable: false, message: 'The body is not JSON' },
  batch_unsupported: {
    status: 400,
    rpc: -32600,
    retryable: false,
    message: 'JSON-RPC batches are not supported: send one message for each request',
  },
  invalid_message: {
    status: 400,
    rpc: -32600,
    retryable: false,
    message: 'The body is not a JSON-RPC 2.0 message',
  },
  duplicate_id: {
    status: 400,
    rpc: -32600,
    retryable: false,
    message: 'A request with this id is still in flight in this session',
  },
  unsupported_media_type: {
    status: 415,
    rpc: -32600,
    retryable: false,
    message: 'Content-Type must be application/json',
  },
  not_acceptable: {
    status: 406,
    rpc: -32600,
    retryable: false,
    message: 'Accept must list application/json and text/event-stream',
  },
  method_not_allowed: {
    status: 405,
    rpc: -32600,
    retryable: false,
    message: 'This endpoint takes POST, GET and DELETE',
  },
  body_too_large: {
    status: 413,
    rpc: -32600,
    retryable: false,
    message: 'The body is larger than this endpoint takes',
  },
  session_required: {
    status: 400,
    rpc: -32600,
    retryable: false,
    message: 'Mcp-Session-Id is missing: send initialize first',
  },
  session_not_found: {
    status: 404,
    rpc: -32001,
    retryable: false,
    message: 'No such session: send initialize to begin a new one',
  },
  event_expired: {
    status: 400,
    rpc: -32600,
    retryable: false,
    message: 'Last-Event-ID is unknown, or its events are no longer kept',
  },
  invalid_params: { status: 400, rpc: -32602, retryable: false, message: 'Invalid params' },
  method_not_found: { status: 404, rpc: -32601, retryable: false, message: 'Method not found' },
  header_mismatch: {
    status: 400,
    rpc: -32020,
    retryable: false,
    message: 'A header is missing, malformed, or does not agree with the body',
  },
  capability_required: {
    status: 400,
    rpc: -32021,
    retryable: false,
    message: 'The server needs a capability that the client did not declare',
  },
  unsupported_version: {
    status: 400,
    rpc: -32022,
    retryable: false,
    message: 'Unsupported protocol version',
  },
  request_state_invalid: {
    status: 400,
    rpc: -32602,
    retryable: false,
    message: 'requestState is not one that was issued for this request, or it has expired',
  },
  unauthorized: {
    status: 401,
    rpc: -32000,
    retryable: false,
    message: 'A valid bearer token is needed',
  },
  origin_forbidden: {
    status: 403,
    rpc: -32000,
    retryable: false,
    message: 'This Origin may not use this endpoint',
  },
  not_found: { status: 404, rpc: -32000, retryable: false, message: 'There is nothing here' },
  server_not_found: {
    status: 404,
    rpc: -32000,
    retryable: false,
    message: 'There is no server of this name',
  },
  tenant_not_found: {
    status: 404,
    rpc: -32000,
    retryable: false,
    message: 'There is no tenant of this name',
  },
  invalid_config: {
    status: 400,
    rpc: -32602,
    retryable: false,
    message: 'The configuration is not valid',
  },
  server_start_failed: {
    status: 200,
    rpc: -32003,
    retryable: false,
    message: 'The server could not be started',
  },
  server_start_timeout: {
    status: 200,
    rpc: -32003,
    retryable: true,
    message: 'The server did not answer its first request in time',
  },
  server_crash_loop: {
    status: 200,
    rpc: -32003,
    retryable: true,
    message: 'The server keeps exiting and is not started again for a while',
  },
  server_exited: {
    status: 200,
    rpc: -32004,
    retryable: true,
    message: 'The server process ended before it answered',
  },
  server_busy: {
    status: 200,
    rpc: -32005,
    retryable: true,
    message: 'The server is busy: all its processes are in use',
  },
  call_timeout: {
    status: 200,
    rpc: -32006,
    retryable: true,
    message: 'The server did not answer in time',
  },
  call_cancelled: {
    status: 200,
    rpc: -32007,
    retryable: false,
    message: 'The call was cancelled',
  },
  message_too_large: {
    status: 200,
    rpc: -32008,
    retryable: false,
    message: 'The server sent a message larger than the limit',
  },
  host_unavailable: {
    status: 503,
    rpc: -32010,
    retryable: true,
    message: 'The server host could not be reached',
  },
  shutting_down: {
    status: 503,
    rpc: -32011,
    retryable: true,
    message: 'The gateway is shutting down',
  },
  not_ready: { status: 503, rpc: -32012, retryable: true, message: 'The gateway is not ready yet' },
  internal: { status: 500, rpc: -32603, retryable: false, message: 'Internal error' },
} as const satisfies Record<string, ErrorSpec>

export type ErrorCode = keyof typeof ERRORS

export interface GatewayErrorOptions {
  /** Public facts, shown to the client after the table's message. Never a secret. */
  detail?: string
  /** Extra members of the JSON-RPC error's `data`, as the spec asks for some codes. */
  data?: Record<string, unknown>
  /** How long to wait before trying again, in milliseconds; becomes `Retry-After`. */
  retryAfterMs?: number
  /** Private: logged, never sent. */
  cause?: unknown
}

/** A fault with a code of the table. Match with `GatewayError.is`: `instanceof` fails across RPC. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly detail: string | undefined
  readonly data: Record<string, unknown> | undefined
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, options: GatewayErrorOptions = {}) {
    super(
      options.detail ? `${ERRORS[code].message}: ${options.detail}` : ERRORS[code].message,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = code
    this.detail = options.detail
    this.data = options.data
    this.retryAfterMs = options.retryAfterMs
  }

  static is(value: unknown): value is GatewayError {
    return (
      value instanceof Error &&
      value.name === 'GatewayError' &&
      'code' in value &&
      (value.code as string) in ERRORS
    )
  }

  static from(value: unknown): GatewayError {
    return GatewayError.is(value) ? value : new GatewayError('internal', { cause: value })
  }
}

/** The JSON-RPC error object that a client sees for a fault. */
export function toErrorObject(error: GatewayError): {
  code: number
  message: string
  data: Record<string, unknown>
} {
  const spec = ERRORS[error.code]
  return {
    code: spec.rpc,
    message: error.message,
    data: {
      code: error.code,
      retryable: spec.retryable,
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
      ...error.data,
    },
  }
}
