import { ForbiddenAddress } from './connector.ts'
import { GatewayError } from '#protocol/errors.ts'
import { toUnreachable } from '#protocol/remote/failures.ts'

/** Why a remote server gave no answer, as a code of the error table. */
export function toRemoteFault(error: unknown, url: URL): GatewayError {
  if (isForbidden(error)) {
    return new GatewayError('remote_address_forbidden', { detail: url.host, cause: error })
  }
  return toUnreachable(error, url)
}

/** One sentence, for who reads why a session did not begin. */
export function describeFault(error: GatewayError): string {
  return error.detail === undefined ? error.message : `${error.message}: ${error.detail}`
}

/** As such, or as what caused it: the system's own errors wrap those of a look-up. */
function isForbidden(error: unknown): boolean {
  if (error instanceof ForbiddenAddress) return true
  if (error instanceof AggregateError && error.errors.some(isForbidden)) return true
  return error instanceof Error && error.cause !== undefined && isForbidden(error.cause)
}
