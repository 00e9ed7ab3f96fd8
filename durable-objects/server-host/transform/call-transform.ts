/** What a pipeline does to one call, from its request to its one outcome. */
import type { CallLog } from '#protocol/call-log.ts'
import type { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { findSpans, readValue } from '#protocol/json-splice.ts'
import type { Pipeline } from './pipeline.ts'
import type { CallContext } from './stage.ts'

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

export function createCallTransform(pipeline: Pipeline, context: CallContext): CallTransform {
  const { requestId = '', method, target, route } = context
  return {
    former: {
      ...{ requestId, method },
      ...(target !== undefined && { target }),
      ...(route !== undefined && { route }),
    },
    onAnswer: (payload) => pipeline.answer(context, payload),
    onEvent: (payload) => transformEvent(pipeline, context, payload),
    onLost: () => undefined,
    onSettled: () => undefined,
  }
}

export function transformEvent(
  pipeline: Pipeline,
  context: CallContext,
  payload: Uint8Array,
): Uint8Array {
  if (!pipeline.hasEvents) return payload
  const [span] = findSpans(payload, [['method']])
  const method = span && readValue(payload, span)
  if (typeof method !== 'string') return payload
  return pipeline.event({ ...context, isEvent: true }, payload, method)
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
