/** What the outcome of a call says of its server. Pure. */
import type { CallLog } from '#protocol/call-log.ts'
import { specOf, type GatewayError } from '#protocol/errors.ts'
import type { Judgement } from './breaker.ts'

/** To whom a failure closes the server. */
export type Blamed = 'server' | 'caller'

/**
 * `wasHeard`: the server itself answered. What the gateway answers in its place says nothing of it.
 * `isBlameless`: something of ours ended the process.
 */
export function judge(
  outcome: CallLog['outcome'],
  { wasHeard, isBlameless }: { wasHeard: boolean; isBlameless: boolean },
): Judgement {
  if (outcome === 'ok' || outcome === 'rpc_error') return wasHeard ? 'success' : 'neutral'
  return !isBlameless && isFailure(outcome) ? 'failure' : 'neutral'
}

/** Of what is no failure of the server's, the server. */
export function blamedFor(outcome: string): Blamed {
  return specOf(outcome)?.blames === 'caller' ? 'caller' : 'server'
}

export function isFailure(outcome: string): boolean {
  const blames = specOf(outcome)?.blames
  return blames === 'server' || blames === 'caller'
}

/** Whether the same call, tried again in a moment, may succeed. */
export function isPassing({ code }: GatewayError): boolean {
  return specOf(code)?.passing === true
}
