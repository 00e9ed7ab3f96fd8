/** Hands a call to the ServerHost object that its session, or its tenant, belongs to. */
import { GatewayError } from '#protocol/errors.ts'
import { encodeHostCall, HOST_CALL_HEADER, type HostCall } from '#protocol/host-call.ts'
import { REPEATABLE_METHODS } from '#protocol/mcp.ts'
import { DEFAULT_PLACEMENT, SESSION_ID } from '#protocol/tenant.ts'
import type { Deps } from '../context.ts'
import { isLost, isOverloaded, repeatWhenLost } from '../durable-call.ts'

/** The object looks at the `hearth-call` header alone. */
const HOST_URL = 'https://server-host/call'
const RETRY_AFTER_MS = 1000

/**
 * Resolves with the object's response as it is, body still streaming. None of the client's own
 * headers goes along. When the object was lost, a request that is safe to repeat is sent once more.
 */
export async function forwardCall(
  deps: Pick<Deps, 'serverHost'>,
  call: HostCall,
  body: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const headers = { [HOST_CALL_HEADER]: encodeHostCall(call) }
  const init: RequestInit = { method: call.http, headers, signal, ...(body && { body }) }
  const send = () =>
    deps.serverHost(call.tenant, placementOf(call.sessionId)).fetch(new Request(HOST_URL, init))
  try {
    return await (isSafeToRepeat(call) ? repeatWhenLost(send) : send())
  } catch (error) {
    throw toGatewayError(error, signal)
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

function toGatewayError(error: unknown, signal: AbortSignal): GatewayError {
  if (signal.aborted) return new GatewayError('call_cancelled')
  if (GatewayError.is(error)) return error
  return isLost(error) || isOverloaded(error)
    ? new GatewayError('host_unavailable', { cause: error, retryAfterMs: RETRY_AFTER_MS })
    : new GatewayError('internal', { cause: error })
}
