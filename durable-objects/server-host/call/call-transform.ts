/** What is done to a call's messages on their way to its client. */
import type { CallLog } from '#protocol/call-log.ts'
import type { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { findSpans, readValue } from '#protocol/json-splice.ts'

/** What is kept of a call whose answer a later object may have to transform. */
export interface FormerCall {
  requestId: string
  method: string
  target?: string
  /** Its route's name. */
  route?: string
}

/** Of a call that several servers may answer: which one does is not known when its stream is opened. */
export function formerOf({ route, requestId, envelope, target }: HostCall): FormerCall | undefined {
  if (route?.candidates === undefined || envelope?.kind !== 'request') return undefined
  const { method } = envelope
  return { requestId, method, route: route.name, ...(target !== undefined && { target }) }
}

export interface CallTransform {
  /** Of a call that a cache could have answered. */
  cache?: CallLog['cache']
  readonly former: FormerCall
  /** Throws `transform_failed`. */
  onAnswer: (payload: Uint8Array, outcome: CallLog['outcome']) => Uint8Array
  /** Throws `transform_failed`. */
  onEvent: (payload: Uint8Array) => Uint8Array
  /** It failed: an answer in the place of the error, where there is one. */
  onLost: (error: GatewayError) => Uint8Array | undefined
  /** Called once. `freshness`: see `readFreshness`. */
  onSettled: (outcome: CallLog['outcome'], freshness: Freshness | undefined) => void
}

/** What a modern server says of how long its result holds, and for whom (2026-07-28, Caching). */
export interface Freshness {
  ttlMs?: number
  isPrivate: boolean
}

/** `response`: as the modern server sent it. */
export function readFreshness(response: Uint8Array): Freshness {
  const [ttl, scope] = findSpans(response, [
    ['result', 'ttlMs'],
    ['result', 'cacheScope'],
  ])
  const ttlMs = ttl && readValue(response, ttl)
  return {
    ...(typeof ttlMs === 'number' && { ttlMs: Math.max(0, ttlMs) }),
    isPrivate: scope !== undefined && readValue(response, scope) !== 'public',
  }
}
