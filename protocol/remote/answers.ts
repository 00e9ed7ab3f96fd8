/** What the answers of a remote server over HTTP mean. Pure. */
import { isObject } from '../json-rpc.ts'
import { decodeText, type Incoming } from './messages.ts'
import type { MessageMeta } from '../link.ts'
import { createRedactor } from '../redaction.ts'

/** About who asks, not about what is asked: never an answer to the request. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 407, 408, 425, 429])
/** How servers that know no `server/discover` meet it, beside an error of JSON-RPC. */
const UNKNOWN_METHOD: ReadonlySet<number> = new Set([400, 404, 405, 406, 415, 422, 501])
const HEADER_MISMATCH = -32020
const METHOD_NOT_FOUND = -32601
/** Servers that lost a session say so with 400 and these words, too. */
const SESSION_WORDS = /session|initiali[sz]ed/i

const MIN_CREDENTIAL_CHARS = 12

export interface RPCError {
  code: number
  message: string
  data?: unknown
}

/**
 * The error object of a JSON-RPC error response; `undefined` for another body. Who refuses a request
 * may quote the credential that came with it, which is taken out.
 */
export function readRPCError(
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
): RPCError | undefined {
  try {
    const redact = createRedactor(Object.values(headers).flatMap(toCredentials))
    const message: unknown = JSON.parse(redact(decodeText(body)))
    const error = isObject(message) ? message.error : undefined
    if (!isObject(error) || typeof error.code !== 'number') return undefined
    const { code, message: text, data } = error
    return { code, message: String(text), ...(data !== undefined && { data }) }
  } catch {
    return undefined // a page for people
  }
}

/** What a status that is no success means for the request that it answers. */
export type Verdict =
  /** The server's own answer. */
  | { kind: 'answer'; error: RPCError }
  | { kind: 'session-over' }
  /** It was not carried out, for the lack of a header that repeats an argument. */
  | { kind: 'header-mismatch'; error: RPCError }
  | { kind: 'failure' }

export interface Refused {
  status: number
  error: RPCError | undefined
  method: string
  /** The request named a session. */
  isOfSession: boolean
}

export function judge({ status, error, method, isOfSession }: Refused): Verdict {
  if (isOfSession && endsSession(status, error)) return { kind: 'session-over' }
  const isOwn = status >= 400 && status < 500 && !REFUSALS.has(status)
  if (isOwn && error !== undefined) {
    const isMismatch = error.code === HEADER_MISMATCH && method === 'tools/call'
    return { kind: isMismatch ? 'header-mismatch' : 'answer', error }
  }
  if (method !== 'server/discover' || !UNKNOWN_METHOD.has(status)) return { kind: 'failure' }
  return { kind: 'answer', error: { code: METHOD_NOT_FOUND, message: `HTTP ${status}` } }
}

function endsSession(status: number, error: RPCError | undefined): boolean {
  if (status === 404) return error?.code !== METHOD_NOT_FOUND
  return status === 400 && error !== undefined && SESSION_WORDS.test(error.message)
}

/** A header's value, and what follows its scheme. Short ones are words like any other. */
function toCredentials(value: string): string[] {
  const parts = [value, ...value.split(/\s+/)]
  return parts.filter((part) => part.length >= MIN_CREDENTIAL_CHARS)
}

export function mediaType(header: string | null): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

export function toMeta({ envelope }: Incoming, ms: number | undefined): MessageMeta {
  if (envelope.kind !== 'response') {
    const { kind, method } = envelope
    return envelope.kind === 'request' ? { kind, id: envelope.id, method } : { kind, method }
  }
  const { id, failed } = envelope
  return { kind: 'response', id, ...(failed && { failed }), ...(ms !== undefined && { ms }) }
}
