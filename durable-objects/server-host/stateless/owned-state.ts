/** `requestState` of a modern server on its way to a client and back: each is its principal's. */
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { INPUT_METHODS } from '#protocol/mcp.ts'
import { findSpans, readValue, splice, type Span } from '#protocol/json-splice.ts'
import { bindState, openBoundState } from '../translate/bound-state.ts'

type Key = () => Promise<CryptoKey>

/** A retry as its server gets it. Throws `request_state_invalid`. */
export async function releaseState(
  body: Uint8Array,
  method: string,
  host: HostCall,
  key: Key,
): Promise<Uint8Array> {
  if (!INPUT_METHODS.has(method)) return body
  const [span] = findSpans(body, [['params', 'requestState']])
  if (span === undefined) return body
  const state = await openBoundState(await key(), host, readValue(body, span))
  if (state === undefined) throw new GatewayError('request_state_invalid')
  return splice(body, [{ span, text: JSON.stringify(state) }])
}

/** Where a result has a state for the client to bring back. */
export function findState(answer: Uint8Array, method: string): Span | undefined {
  if (!INPUT_METHODS.has(method)) return undefined
  return findSpans(answer, [['result', 'requestState']])[0]
}

export async function keepState(
  answer: Uint8Array,
  span: Span,
  host: HostCall,
  key: Key,
): Promise<Uint8Array> {
  const state = readValue(answer, span)
  // One of another type is none, and no retry with it is taken.
  if (typeof state !== 'string') return answer
  const text = JSON.stringify(await bindState(await key(), host, state))
  return splice(answer, [{ span, text }])
}
