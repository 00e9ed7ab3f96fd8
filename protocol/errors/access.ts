/** Who may do what, and how often; what is not there, or not for this caller. */
import type { ErrorSpec } from './spec.ts'

export const ACCESS_ERRORS = {
  unauthorized: {
    status: 401,
    rpc: -32000,
    retryable: false,
    blames: 'client',
    message: 'A valid bearer token is needed',
  },
  origin_forbidden: {
    status: 403,
    rpc: -32000,
    retryable: false,
    message: 'This Origin may not use this endpoint',
  },
  forbidden: {
    status: 403,
    rpc: -32000,
    retryable: false,
    message: 'The token does not grant this',
  },
  flooding: {
    status: 429,
    rpc: -32000,
    retryable: true,
    message: 'Too many requests come with this credential, or from this address',
  },
  rate_limited: {
    status: 429,
    rpc: -32013,
    retryable: true,
    message: 'Too many calls',
  },
  quota_exceeded: {
    status: 429,
    rpc: -32014,
    retryable: true,
    message: 'The quota is used up',
  },
  too_many_calls: {
    status: 429,
    rpc: -32015,
    retryable: true,
    message: 'Too many calls at once',
  },
  too_many_streams: {
    status: 429,
    rpc: -32000,
    retryable: true,
    message: 'Too many streams are open',
  },
  too_many_bytes: {
    status: 503,
    rpc: -32000,
    retryable: true,
    message: 'More is being sent at once than there is room for',
  },
  limiter_unavailable: {
    status: 503,
    rpc: -32016,
    retryable: true,
    message: 'The calls could not be counted, and are refused until they can be',
  },
  not_found: { status: 404, rpc: -32000, retryable: false, message: 'There is nothing here' },
  server_not_found: {
    status: 404,
    rpc: -32000,
    retryable: false,
    seen: 'no',
    message: 'There is no server of this name',
  },
  tenant_not_found: {
    status: 404,
    rpc: -32000,
    retryable: false,
    message: 'There is no tenant of this name',
  },
  token_not_found: {
    status: 404,
    rpc: -32000,
    retryable: false,
    message: 'There is no token of this key id',
  },
  token_ended: {
    status: 409,
    rpc: -32000,
    retryable: false,
    message: 'The token was rotated, was revoked, or has expired',
  },
  secret_not_found: {
    status: 404,
    rpc: -32000,
    retryable: false,
    message: 'There is no secret of this name',
  },
  tool_not_found: {
    status: 404,
    rpc: -32000,
    retryable: false,
    message: 'The server has shown no tool of this name',
  },
  unknown_tool: { status: 200, rpc: -32602, retryable: false, message: 'Unknown tool' },
  unknown_prompt: { status: 200, rpc: -32602, retryable: false, message: 'Unknown prompt' },
  unknown_resource: {
    status: 200,
    rpc: -32602,
    legacyRPC: -32002,
    retryable: false,
    message: 'Resource not found',
  },
  invalid_config: {
    status: 400,
    rpc: -32602,
    retryable: false,
    message: 'The configuration is not valid',
  },
} as const satisfies Record<string, ErrorSpec>
