/** The facts that calls of both eras have in common. Pure. */
import { isObject, isRequestId, type Envelope } from '#protocol/json-rpc.ts'
import { NAMED_PARAM, type Era } from '#protocol/mcp.ts'
import type { CallFacts } from '../context.ts'

/** A longer name or URI travels in the body alone. Characters. */
export const MAX_TARGET_CHARS = 2048

export function toCallFacts(
  era: Era,
  envelope: Envelope,
  params: Record<string, unknown>,
): CallFacts {
  const facts: CallFacts = { era, envelope }
  const target = targetOf(envelope, params)
  if (target !== undefined && target.length <= MAX_TARGET_CHARS) facts.target = target
  const progressToken = isObject(params._meta) ? params._meta.progressToken : undefined
  if (envelope.kind === 'request' && isRequestId(progressToken)) facts.progressToken = progressToken
  if (envelope.kind === 'notification' && envelope.method === 'notifications/cancelled') {
    if (isRequestId(params.requestId)) facts.cancels = params.requestId
  }
  return facts
}

/** The value that `Mcp-Name` repeats, where the method has one and the body gives it. */
export function targetOf(envelope: Envelope, params: Record<string, unknown>): string | undefined {
  if (envelope.kind !== 'request' || !Object.hasOwn(NAMED_PARAM, envelope.method)) return undefined
  const value = params[NAMED_PARAM[envelope.method] ?? '']
  return typeof value === 'string' ? value : undefined
}
