/** Whether a call that failed at one server of its route may go to the next. Pure. */
import type { ErrorCode, GatewayError } from '#protocol/errors.ts'

/** No server has seen the call: it was not started, it did not start, or it could not be reached. */
const UNSEEN: ReadonlySet<ErrorCode> = new Set([
  'server_not_found',
  'server_start_failed',
  'server_start_timeout',
  'server_crash_loop',
  'server_busy',
  'server_unavailable',
  'secret_missing',
  'secret_unusable',
  'tool_quarantined',
  'remote_unreachable',
  'remote_address_forbidden',
])

/** The server may have done what it was asked to. */
const CUT_SHORT: ReadonlySet<ErrorCode> = new Set(['server_exited', 'remote_failed'])

/**
 * `repeatable`: only where the call is safe to repeat. What a server answers itself, also an error, is
 * the answer; a call that has used up its time gets no other try.
 */
export function mayFailOver(
  { code }: GatewayError,
  { undelivered, hasSpoken }: { undelivered: boolean; hasSpoken: boolean },
): 'yes' | 'repeatable' | 'no' {
  if (hasSpoken) return 'no'
  if (UNSEEN.has(code)) return 'yes'
  if (!CUT_SHORT.has(code)) return 'no'
  return undelivered ? 'yes' : 'repeatable'
}
