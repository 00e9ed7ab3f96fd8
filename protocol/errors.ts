/**
 * Every failure that Hearth itself reports: one table, one class.
 * A code is stable: it is the metric label, the log's `outcome`, and an entry in docs/failures.md.
 */

import type { Era } from './mcp.ts'
import { ACCESS_ERRORS } from './errors/access.ts'
import { REQUEST_ERRORS } from './errors/request.ts'
import { SERVER_ERRORS } from './errors/server.ts'
import type { ErrorSpec } from './errors/spec.ts'

export const ERRORS = {
  ...REQUEST_ERRORS,
  ...ACCESS_ERRORS,
  ...SERVER_ERRORS,
} as const satisfies Record<string, ErrorSpec>

export type ErrorCode = keyof typeof ERRORS

/** The row of a code; `undefined` for what is none, such as the outcome `ok`. */
export function specOf(code: string): ErrorSpec | undefined {
  const table: Partial<Record<string, ErrorSpec>> = ERRORS
  return table[code]
}

export interface GatewayErrorOptions {
  /** Public facts, shown to the client after the table's message. Never a secret. */
  detail?: string | undefined
  /** Extra members of the JSON-RPC error's `data`, as the spec asks for some codes. */
  data?: Record<string, unknown> | undefined
  /** How long to wait before trying again, in milliseconds; becomes `Retry-After`. */
  retryAfterMs?: number | undefined
  /** Header fields of the answer, if nothing of it was sent before. They do not pass an RPC. */
  headers?: Record<string, string> | undefined
  /** Private: logged, never sent. */
  cause?: unknown
  /** Private: something of ours ended what the call was about, not the server. It does not pass an RPC. */
  isBlameless?: boolean
}

/** A fault with a code of the table. Match with `GatewayError.is`: `instanceof` fails across RPC. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly detail: string | undefined
  readonly data: Record<string, unknown> | undefined
  readonly retryAfterMs: number | undefined
  readonly headers: Record<string, string> | undefined
  readonly isBlameless: boolean

  constructor(code: ErrorCode, options: GatewayErrorOptions = {}) {
    super(
      options.detail ? `${ERRORS[code].message}: ${options.detail}` : ERRORS[code].message,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = code
    this.detail = options.detail
    this.data = options.data
    this.retryAfterMs = options.retryAfterMs
    this.headers = options.headers
    this.isBlameless = options.isBlameless === true
  }

  static is(value: unknown): value is GatewayError {
    return (
      value instanceof Error &&
      value.name === 'GatewayError' &&
      'code' in value &&
      (value.code as string) in ERRORS
    )
  }

  /** The same failure, but for these. */
  static amend(
    { code: former, detail, data, retryAfterMs, headers, cause, isBlameless }: GatewayError,
    { code = former, ...changes }: GatewayErrorOptions & { code?: ErrorCode },
  ): GatewayError {
    const kept = { detail, data, retryAfterMs, headers, cause, isBlameless }
    return new GatewayError(code, { ...kept, ...changes })
  }

  static from(value: unknown): GatewayError {
    return GatewayError.is(value) ? value : new GatewayError('internal', { cause: value })
  }
}

/** The JSON-RPC error object that a client sees for a fault. */
export function toErrorObject(
  error: GatewayError,
  era?: Era,
): {
  code: number
  message: string
  data: Record<string, unknown>
} {
  const spec: ErrorSpec = ERRORS[error.code]
  return {
    code: (era === 'legacy' ? spec.legacyRPC : undefined) ?? spec.rpc,
    message: error.message,
    data: {
      code: error.code,
      retryable: spec.retryable,
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
      ...error.data,
    },
  }
}
