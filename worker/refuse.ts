/** The end of a request to an MCP endpoint that is refused: its log line, and its answer. */
import { specOf, type GatewayError } from '#protocol/errors.ts'
import { discardBody } from './body.ts'
import type { Deps } from './context.ts'
import type { CallRecord } from './telemetry/record.ts'
import { toRPCErrorResponse } from './errors.ts'

/** How much of a refused body is read, in largest bodies. */
const DISCARDED_BODIES = 4

type RefusalDeps = Pick<Deps, 'log' | 'maxBodyBytes'>

export async function refuseCall(
  deps: RefusalDeps,
  request: Request,
  record: CallRecord,
  error: GatewayError,
): Promise<Response> {
  logFault(deps, record, error)
  // The object logs each call that it answers, and each that its client ended.
  const isLogged = record.forwarded === true && specOf(error.code)?.blames === 'client'
  if (!isLogged) deps.log.call(record, error.code)
  // A stranger's body is not worth reading.
  if (record.verdict) await discardBody(request, DISCARDED_BODIES * deps.maxBodyBytes)
  return toRPCErrorResponse(error, record)
}

export function logFault({ log }: Pick<Deps, 'log'>, record: CallRecord, error: GatewayError) {
  if (specOf(error.code)?.logged === true) log.fault(record, error)
}
