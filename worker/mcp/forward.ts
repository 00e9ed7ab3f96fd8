/** Hands a call to the ServerHost object that its session, or its tenant, belongs to. */
import { GatewayError } from '#protocol/errors.ts'
import { toHostRequest, type HostCall } from '#protocol/host-call.ts'
import { REPEATABLE_METHODS } from '#protocol/mcp.ts'
import { DEFAULT_PLACEMENT, SESSION_ID } from '#protocol/tenant.ts'
import type { JSONBody } from '../body.ts'
import type { Deps } from '../context.ts'
import { isLost, isOverloaded, repeatWhenLost } from '../durable-call.ts'

/** The object looks at the headers of protocol/host-call.ts and at the body alone. */
const HOST_URL = 'https://server-host/call'
const RETRY_AFTER_MS = 1000

/**
 * Resolves with the object's response as it is, body still streaming. None of the client's own
 * headers goes along. When the object was lost, a request that is safe to repeat is sent once more.
 */
export async function forwardCall(
  deps: Pick<Deps, 'serverHost'>,
  call: HostCall,
  body: JSONBody | undefined,
): Promise<Response> {
  const request = toHostRequest(call, body)
  const send = () =>
    deps.serverHost(call.tenant, placementOf(call.sessionId)).fetch(HOST_URL, request)
  try {
    return await (isSafeToRepeat(call) ? repeatWhenLost(send) : send())
  } catch (error) {
    throw toGatewayError(error)
  }
}

/** Says where the session lives, not whose it is: the tenant comes from the credential. */
function placementOf(sessionId: string | undefined): string {
  return SESSION_ID.exec(sessionId ?? '')?.[1] ?? DEFAULT_PLACEMENT
}

/** The request may have been processed before the object was lost. */
function isSafeToRepeat(call: HostCall): boolean {
  if (call.http !== 'POST') return true
  if (call.envelope?.kind !== 'request') return false
  return call.envelope.method === 'initialize' || REPEATABLE_METHODS.has(call.envelope.method)
}

function toGatewayError(error: unknown): GatewayError {
  if (GatewayError.is(error)) return error
  return isLost(error) || isOverloaded(error)
    ? new GatewayError('host_unavailable', { cause: error, retryAfterMs: RETRY_AFTER_MS })
    : new GatewayError('internal', { cause: error })
}
