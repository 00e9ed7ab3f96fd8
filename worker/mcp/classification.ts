/** How the classifiers answer. */
import type { ErrorCode } from '#protocol/errors.ts'
import type { CallFacts } from '../context.ts'

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
