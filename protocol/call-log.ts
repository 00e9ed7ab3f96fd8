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
  method?: string
  /** Tool, prompt or resource. */
  target?: string
  era?: Era
  /** The route that sent it there. */
  route?: string
  /** `ok`, `rpc_error` (the server's own error), `cancelled`, or a code of the error table. */
  outcome: 'ok' | 'rpc_error' | 'cancelled' | ErrorCode
  /** Of a call that may be answered from what is kept: `stale` is older than it should be. */
  cache?: 'hit' | 'stale' | 'miss'
  /** Milliseconds outside the process: gateway, link, queues, start of a process. */
  gatewayMs: number
  /** Milliseconds from the process's stdin to its stdout. */
  processMs?: number
}

export function writeCallLog(line: CallLog): void {
  console.log(JSON.stringify(line))
}
