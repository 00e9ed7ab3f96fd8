/** How the calls of a legacy session go through the transformers of their servers. */
import type { HostCall } from '#protocol/host-call.ts'
import { findSpans, readValue } from '#protocol/json-splice.ts'
import type { SessionRecord } from '../store.ts'
import type { FormerCall } from '../transform/call-transform.ts'
import type { Road } from '../transform/road.ts'
import type { LegacySession } from './session.ts'

export function createRoad(session: LegacySession, timeoutMs: number): Road {
  return {
    ...clientOf(session.record),
    timeoutMs,
    createCall: (host, body, transform) => session.createCall(host, body, timeoutMs, transform),
    run: (call, body) => session.run(call, body),
  }
}

/** What transformers are told of the client. */
export function clientOf({
  protocol,
  initialize,
}: SessionRecord): Pick<Road, 'protocol' | 'clientInfo'> {
  return { protocol, clientInfo: () => readClientInfo(initialize) }
}

/** Of a call that several servers may answer: which one does is not known when its stream is opened. */
export function formerOf({ route, requestId, envelope, target }: HostCall): FormerCall | undefined {
  if (route?.candidates === undefined || envelope?.kind !== 'request') return undefined
  const { method } = envelope
  return { requestId, method, route: route.name, ...(target !== undefined && { target }) }
}

const encoder = new TextEncoder()

/** `initialize`: the params of the request, as JSON text. */
function readClientInfo(initialize: string): unknown {
  const bytes = encoder.encode(initialize)
  const [info] = findSpans(bytes, [['clientInfo']])
  return info && readValue(bytes, info)
}
