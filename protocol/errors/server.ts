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
