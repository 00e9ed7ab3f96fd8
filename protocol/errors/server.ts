/** What fails behind an accepted request: the server, its host, the gateway. */
import type { ErrorSpec } from './spec.ts'

export const SERVER_ERRORS = {
  server_start_failed: {
    status: 200,
    rpc: -32003,
    retryable: false,
    message: 'The server could not be started',
  },
  secret_missing: {
    status: 200,
    rpc: -32003,
    retryable: false,
    message: 'The server needs a secret that is not set',
  },
  secret_unusable: {
    status: 200,
    rpc: -32003,
    retryable: false,
    message: 'The server needs a secret that cannot be used',
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
  list_timeout: {
    status: 200,
    rpc: -32005,
    retryable: true,
    message: 'The server did not tell in time what it offers',
  },
  list_failed: {
    status: 200,
    rpc: -32004,
    retryable: true,
    message: 'The server refused to tell what it offers',
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
    message: 'The server is busy',
  },
  server_unavailable: {
    status: 200,
    rpc: -32017,
    retryable: true,
    message: 'The server has failed too often, and is given a rest',
  },
  transform_failed: {
    status: 200,
    rpc: -32603,
    retryable: false,
    message: 'A transformer of the gateway failed',
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
  answer_unreadable: {
    status: 200,
    rpc: -32004,
    retryable: false,
    message: "The server's answer could not be read",
  },
  message_too_large: {
    status: 200,
    rpc: -32008,
    retryable: false,
    message: 'The server sent a message larger than the limit',
  },
  remote_unreachable: {
    status: 200,
    rpc: -32009,
    retryable: true,
    message: 'The remote server could not be reached',
  },
  remote_refused: {
    status: 200,
    rpc: -32009,
    retryable: false,
    message: 'The remote server refused the request',
  },
  remote_failed: {
    status: 200,
    rpc: -32009,
    retryable: true,
    message: 'The remote server did not answer as it should',
  },
  remote_address_forbidden: {
    status: 200,
    rpc: -32009,
    retryable: false,
    message: "The remote server's address is not one that may be connected to",
  },
  tool_quarantined: {
    status: 200,
    rpc: -32018,
    retryable: false,
    message:
      'The definition of this tool has changed, and it may not be called until that is approved',
  },
  host_unavailable: {
    status: 503,
    rpc: -32010,
    retryable: true,
    message: 'The server host could not be reached',
  },
  storage_full: {
    status: 503,
    rpc: -32010,
    retryable: true,
    message: 'The disk of the gateway is full, and the call needs to store something',
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
