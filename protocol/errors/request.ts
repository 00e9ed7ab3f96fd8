/** What is wrong with a request itself. */
import type { ErrorSpec } from './spec.ts'

export const REQUEST_ERRORS = {
  parse_error: { status: 400, rpc: -32700, retryable: false, message: 'The body is not JSON' },
  batch_unsupported: {
    status: 400,
    rpc: -32600,
    retryable: false,
    message: 'Only sessions of 2025-03-26 have JSON-RPC batches: send one message for each request',
  },
  invalid_message: {
    status: 400,
    rpc: -32600,
    retryable: false,
    message: 'The body is not a JSON-RPC 2.0 message',
  },
  unknown_method: { status: 200, rpc: -32601, retryable: false, message: 'Method not found' },
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
    message: 'Accept must list application/json, text/event-stream, or both',
  },
  method_not_allowed: {
    status: 405,
    rpc: -32600,
    retryable: false,
    message: 'This endpoint does not take this method',
  },
  body_too_large: {
    status: 413,
    rpc: -32600,
    retryable: false,
    message: 'The body is larger than this endpoint takes',
  },
  body_too_slow: {
    status: 408,
    rpc: -32000,
    retryable: true,
    message: 'The body does not arrive fast enough',
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
} as const satisfies Record<string, ErrorSpec>
