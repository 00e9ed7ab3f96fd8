/**
 * Why a remote server gave no answer, as codes of the error table. What is told is the host and the
 * status: an answer's body may quote the credential that it refuses.
 */
import { GatewayError } from '../errors.ts'

/** Names of the system's and the TLS library's errors. */
const ERROR_CODE = /^[A-Z][A-Z0-9_]{1,63}$/
/** Below this a status that is no success is about the request; 4xx that may pass are the exceptions. */
const FIRST_SERVER_STATUS = 500
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 425, 429])
const MAX_RETRY_AFTER_S = 86_400

/** No answer came. An error that is the gateway's own already stays as it is. */
export function toUnreachable(error: unknown, { host }: URL): GatewayError {
  if (GatewayError.is(error)) return error
  const code = findCode(error)
  const detail = code === undefined ? host : `${host} (${code})`
  return new GatewayError('remote_unreachable', { detail })
}

/** An answer whose status is no success. `retryAfter`: the header of that name; `hint`: what may mend it. */
export function toStatusFailure(
  status: number,
  { host }: URL,
  retryAfter: string | null = null,
  hint = '',
): GatewayError {
  const mayPass = status >= FIRST_SERVER_STATUS || PASSING_STATUS.has(status)
  const retryAfterMs = mayPass ? readRetryAfter(retryAfter) : undefined
  return new GatewayError(mayPass ? 'remote_failed' : 'remote_refused', {
    detail: `${host} answered HTTP ${status}${hint}`,
    data: { httpStatus: status },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })
}

/** An answer that is not one of the protocol. */
export function toProtocolFailure(why: string, { host }: URL): GatewayError {
  return new GatewayError('remote_failed', { detail: `${host} ${why}` })
}

function readRetryAfter(value: string | null): number | undefined {
  if (value === null || !/^\d{1,9}$/.test(value)) return undefined
  return Math.min(Number(value), MAX_RETRY_AFTER_S) * 1_000
}

/** Of the error, or of what caused it: `fetch` of Node wraps the system's. */
function findCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string' && ERROR_CODE.test(at.code)) return at.code
  }
  return undefined
}
