/** What is decided of a call. */
import type { Access } from '#protocol/access.ts'
import type { ErrorCode } from '#protocol/errors.ts'

export interface Refusal {
  isAllowed: false
  code: ErrorCode
  detail?: string
  data?: Record<string, unknown>
}

/** `access`: what the ServerHost object leaves the rest out by. */
export type Decision = { isAllowed: true; access?: Access } | Refusal
