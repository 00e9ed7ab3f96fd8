/** The canonical log line: one JSON object for each call, whoever ends it. */
import type { ErrorCode } from './errors.ts'
import type { Era } from './mcp.ts'

export interface CallLog {
  time: string
  event: 'call'
  requestId: string
  tenant?: string
  principal?: string
  server?: string
  method?: string | undefined
  /** Tool, prompt or resource. */
  target?: string | undefined
  era?: Era
  /** The route that sent it there. */
  route?: string | undefined
  /** `ok`, `rpc_error` (the server's own error), `cancelled`, or a code of the error table. */
  outcome: 'ok' | 'rpc_error' | 'cancelled' | ErrorCode
  /** Of a call that may be answered from what is kept: `stale` is older than it should be. */
  cache?: 'hit' | 'stale' | 'miss' | undefined
  /** Milliseconds outside the process: gateway, link, queues, start of a process. */
  gatewayMs: number
  /** Milliseconds from the process's stdin to its stdout. */
  processMs?: number | undefined
}

/** Begins a message of the console that holds several lines, as no other message does (RFC 7464). */
const RECORDS = '\u001e'

/** One message of the console for several lines of JSON; see `readLines`. */
export function joinLines(lines: readonly string[]): string {
  return RECORDS + lines.join('\n')
}

/** The lines of such a message; `undefined` for any other. */
export function readLines(message: string): string[] | undefined {
  return message.startsWith(RECORDS) ? message.slice(RECORDS.length).split('\n') : undefined
}
