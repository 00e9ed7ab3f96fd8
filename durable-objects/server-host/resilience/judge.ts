/** What the outcome of a call says of its server. Pure. */
import type { CallLog } from '#protocol/call-log.ts'
import { ERRORS, type ErrorCode, type GatewayError } from '#protocol/errors.ts'
import type { Judgement } from './breaker.ts'

/** The server, or its process, is to blame. An error that the server itself answers with is none of these. */
const FAILURES: ReadonlySet<string> = new Set([
  'server_exited',
  'server_start_failed',
  'server_start_timeout',
  'server_crash_loop',
  'call_timeout',
])

/**
 * A process that had come up ended, or did not answer, in a call: another caller's calls need not fare
 * so. All other failures are the server's, whoever calls.
 */
const OF_A_CALL: ReadonlySet<string> = new Set(['server_exited', 'call_timeout', 'remote_failed'])

/** To whom a failure closes the server. */
export type Blamed = 'server' | 'caller'

/** May heal in a moment. What has taken its whole time already is not tried again. */
const PASSING: ReadonlySet<string> = new Set(['server_exited', 'server_start_failed'])

const REMOTE = 'remote_'

/**
 * `wasHeard`: the server itself answered. What the gateway answers in its place says nothing of it.
 * `isBlameless`: something of ours ended the process.
 */
export function judge(
  outcome: CallLog['outcome'],
  { wasHeard, isBlameless }: { wasHeard: boolean; isBlameless: boolean },
): Judgement {
  if (outcome === 'ok' || outcome === 'rpc_error') return wasHeard ? 'success' : 'neutral'
  return !isBlameless && isFailure(outcome) ? 'failure' : 'neutral'
}

export function blamedFor(outcome: string): Blamed {
  return OF_A_CALL.has(outcome) ? 'caller' : 'server'
}

export function isFailure(outcome: string): boolean {
  return FAILURES.has(outcome) || isRemoteFailure(outcome)
}

/** Whether the same call, tried again in a moment, may succeed. */
export function isPassing({ code }: GatewayError): boolean {
  return PASSING.has(code) || isRemoteFailure(code)
}

/** What does not heal by itself is its configuration's fault: a refused credential, a forbidden address. */
function isRemoteFailure(code: string): boolean {
  return code.startsWith(REMOTE) && ERRORS[code as ErrorCode].retryable
}
