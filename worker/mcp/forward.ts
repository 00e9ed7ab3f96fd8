/** The last step of `/mcp/{server}`: to the ServerHost object of the tenant. */
import { GatewayError } from '#protocol/errors.ts'
import { RESTS_HEADER, toHostRequest, type HostCall } from '#protocol/host-call.ts'
import { REPEATABLE_METHODS } from '#protocol/mcp.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { JSONBody } from '../body.ts'
import type { Deps, IncomingCall } from '../context.ts'
import type { CallRecord } from '../telemetry/record.ts'
import { isLost, isOverloaded, repeatWhenLost, toStorageFault } from '../durable-call.ts'
import { toHostRoute } from '../routing/host-route.ts'

/** The object looks at the headers of protocol/host-call.ts and at the body alone. */
const HOST_URL = 'https://server-host/call'
const RETRY_AFTER_MS = 1000
const UNAUTHORIZED = 401

/**
 * Resolves with the object's response, body still streaming. None of the client's own headers goes along. The
 * worker holds a stream in the place of an object that rests, and challenges for a credential that has ended.
 */
export async function forward(
  deps: Pick<Deps, 'serverHost' | 'room' | 'heldStreams'>,
  { record, verdict }: { record: CallRecord; verdict: Verdict },
  call: IncomingCall,
): Promise<Response> {
  const { heldStreams } = deps
  const { tenant, expiresAt: endsAt } = verdict
  record.forwarded = true
  const askedAt = heldStreams.time
  const wakes = call.http !== 'GET'
  if (wakes) heldStreams.wake(tenant)
  let response: Response
  try {
    response = await sendToHost(deps, toHostCall(record, verdict, call), call.body)
  } catch (error) {
    throw toFault(deps, error)
  } finally {
    // Once more then: a GET that overtook it found the object at rest.
    if (wakes) heldStreams.wake(tenant)
  }
  if (response.headers.has(RESTS_HEADER)) {
    return heldStreams.hold(response, { tenant, askedAt, ...(endsAt !== undefined && { endsAt }) })
  }
  if (response.status !== UNAUTHORIZED) return response
  // The credential ended after this isolate had learnt of it; the challenge is the worker's to make.
  await response.body?.cancel()
  throw new GatewayError('unauthorized', { data: { reason: 'invalid_token' } })
}

/** A call that has no effect ends here. */
export function acknowledge({ log }: Pick<Deps, 'log'>, record: CallRecord): Response {
  log.call(record, 'ok')
  const { requestId } = record
  return new Response(null, { status: 202, headers: { 'X-Request-Id': requestId } })
}

export function toHostCall(
  { requestId, receivedAt }: CallRecord,
  verdict: Verdict,
  call: IncomingCall,
): HostCall {
  const { tenant, principal, credential, expiresAt, policy } = verdict
  const { server, http, facts, occupancies, routed } = call
  const host: HostCall = {
    requestId,
    receivedAt,
    tenant,
    principal,
    credential,
    server,
    configVersion: policy.configVersion,
    http,
    ...facts,
  }
  if (expiresAt !== undefined) host.expiresAt = expiresAt
  if (occupancies !== undefined) host.occupancies = occupancies
  const route = routed && toHostRoute(routed, call)
  if (route !== undefined) host.route = route
  return host
}

/** The object's response as it is. When the object was lost, a request that is safe to repeat is sent once more. */
export function sendToHost(
  deps: Pick<Deps, 'serverHost' | 'room'>,
  call: HostCall,
  body: Pick<JSONBody, 'bytes' | 'text'> | undefined,
): Promise<Response> {
  const isFull = deps.room.isFull(call.receivedAt)
  if (isFull === false) return send(deps, call, body)
  return Promise.resolve(isFull).then((isStillFull) =>
    send(deps, isStillFull ? { ...call, keepsNothing: true } : call, body),
  )
}

function send(
  { serverHost }: Pick<Deps, 'serverHost'>,
  call: HostCall,
  body: Pick<JSONBody, 'bytes' | 'text'> | undefined,
): Promise<Response> {
  const request = toHostRequest(call, body)
  const sendOnce = (): Promise<Response> => serverHost(call.tenant).fetch(HOST_URL, request)
  return isSafeToRepeat(call) ? repeatWhenLost(sendOnce) : sendOnce()
}

/** The request may have been processed before the object was lost. */
function isSafeToRepeat(call: HostCall): boolean {
  if (call.http !== 'POST') return true
  if (call.envelope?.kind !== 'request') return false
  return call.envelope.method === 'initialize' || REPEATABLE_METHODS.has(call.envelope.method)
}

/** Of a call that the object did not answer. */
export function toFault({ room }: Pick<Deps, 'room'>, error: unknown): GatewayError {
  room.noteFailure(error, Date.now())
  return toGatewayError(error)
}

export function toGatewayError(error: unknown): GatewayError {
  if (GatewayError.is(error)) return error
  const fault = toStorageFault(error)
  if (fault !== undefined) return fault
  return isLost(error) || isOverloaded(error)
    ? new GatewayError('host_unavailable', { cause: error, retryAfterMs: RETRY_AFTER_MS })
    : new GatewayError('internal', { cause: error })
}
