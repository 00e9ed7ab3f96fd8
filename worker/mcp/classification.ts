/** How the classifiers answer. */
import { GatewayError, type ErrorCode } from '#protocol/errors.ts'
import type { CallFacts, IncomingCall, IncomingMessage } from '../context.ts'
import type { CallRecord } from '../telemetry/record.ts'

export interface Rejection {
  kind: 'rejected'
  code: ErrorCode
  detail?: string
  data?: Record<string, unknown>
}

export type Classification =
  | { kind: 'call'; facts: CallFacts }
  /** A notification that has no effect: answered 202, and dropped. */
  | { kind: 'accepted'; facts: CallFacts }
  | Rejection

export function reject(
  code: ErrorCode,
  detail?: string,
  data?: Record<string, unknown>,
): Rejection {
  return { kind: 'rejected', code, ...(detail && { detail }), ...(data && { data }) }
}

/** The message as a call. Tells the record what it is, or throws why it is none. */
export function requireCall(
  { server, http, post }: IncomingMessage,
  classification: Classification,
  record: CallRecord,
): IncomingCall {
  if (classification.kind === 'rejected') throw toError(classification)
  const { kind, facts } = classification
  record.era = facts.era
  if (facts.target !== undefined) record.target = facts.target
  return { server, http, facts, body: post?.body, isNoOp: kind === 'accepted' }
}

export function toError({ code, detail, data }: Rejection): GatewayError {
  return new GatewayError(code, { ...(detail && { detail }), ...(data && { data }) })
}
