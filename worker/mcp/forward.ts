/** The last step of `/mcp/{server}`: to the ServerHost object of the tenant. */
import type { Context } from 'hono'
import { GatewayError } from '#protocol/errors.ts'
import { RESTS_HEADER, toHostRequest, type HostCall } from '#protocol/host-call.ts'
import { REPEATABLE_METHODS } from '#protocol/mcp.ts'
import type { JSONBody } from '../body.ts'
import type { AppEnv, CallRecord, Deps, IncomingCall } from '../context.ts'
import { isLost, isOverloaded, repeatWhenLost, toStorageFault } from '../durable-call.ts'
import { toHostRoute } from '../routing/host-route.ts'

/** The object looks at the headers of protocol/host-call.ts and at the body alone. */
const HOST_URL = 'https://server-host/call'
const RETRY_AFTER_MS = 1000
const UNAUTHORIZED = 401

export function createForward(deps: Pick<Deps, 'serverHost' | 'room' | 'log' | 'heldStreams'>) {
  return async function forward(c: Context<AppEnv>): Promise<Response> {
    const { record, call } = c.var
    if (call.isNoOp) {
      deps.log.call(record, 'ok')
      return new Response(null, { status: 202, headers: { 'X-Request-Id': record.requestId } })
    }
    record.forwarded = true
    const host = toHostCall(record, call)
    const { tenant, expiresAt: endsAt } = host
    const askedAt = deps.heldStreams.time
    const wake = () => call.http !== 'GET' && deps.heldStreams.wake(tenant)
    wake()
    // Once more then: a GET that overtook it found the object at rest.
    const response = await forwardCall(deps, host, call.body).finally(wake)
    if (response.headers.has(RESTS_HEADER)) {
      const asked = { tenant, askedAt, ...(endsAt !== undefined && { endsAt }) }
      return deps.heldStreams.hold(response, asked)
    }
    if (response.status !== UNAUTHORIZED) return response
    // The credential ended after this isolate had learnt of it; the challenge is the worker's to make.
    await response.body?.cancel()
    throw new GatewayError('unauthorized', { data: { reason: 'invalid_token' } })
  }
}

export function toHostCall(
  { requestId, receivedAt, verdict }: CallRecord,
  call: IncomingCall,
): HostCall {
  if (verdict === undefined) throw new TypeError('the route stands behind requireTenant')
  const { tenant, principal, credential, expiresAt, policy } = verdict
  const { configVersion } = policy
  const { server, http, facts, occupancies, routed } = call
  const route = routed && toHostRoute(routed, call)
  return {
    ...{ requestId, receivedAt, tenant, principal, credential, server, configVersion, http },
    ...(expiresAt !== undefined && { expiresAt }),
    ...facts,
    ...(occupancies && { occupancies }),
    ...(route && { route }),
  }
}

/**
 * Resolves with the object's response as it is, body still streaming. None of the client's own
 * headers goes along. When the object was lost, a request that is safe to repeat is sent once more.
 */
export async function forwardCall(
  deps: Pick<Deps, 'serverHost' | 'room'>,
  call: HostCall,
  body: JSONBody | undefined,
): Promise<Response> {
  const isFull = deps.room.isFull(call.receivedAt)
  const keepsNothing = typeof isFull === 'boolean' ? isFull : await isFull
  const told: HostCall = keepsNothing ? { ...call, keepsNothing } : call
  const request = toHostRequest(told, body)
  const send = () => deps.serverHost(call.tenant).fetch(HOST_URL, request)
  try {
    return await (isSafeToRepeat(call) ? repeatWhenLost(send) : send())
  } catch (error) {
    deps.room.noteFailure(error, Date.now())
    throw toGatewayError(error)
  }
}

/** The request may have been processed before the object was lost. */
function isSafeToRepeat(call: HostCall): boolean {
  if (call.http !== 'POST') return true
  if (call.envelope?.kind !== 'request') return false
  return call.envelope.method === 'initialize' || REPEATABLE_METHODS.has(call.envelope.method)
}

export function toGatewayError(error: unknown): GatewayError {
  if (GatewayError.is(error)) return error
  const fault = toStorageFault(error)
  if (fault !== undefined) return fault
  return isLost(error) || isOverloaded(error)
    ? new GatewayError('host_unavailable', { cause: error, retryAfterMs: RETRY_AFTER_MS })
    : new GatewayError('internal', { cause: error })
}
