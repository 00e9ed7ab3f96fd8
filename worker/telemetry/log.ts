/** The worker's own log: canonical call lines, and the private causes of faults. */
import type { CallLog } from '#protocol/call-log.ts'
import type { GatewayError } from '#protocol/errors.ts'
import type { CallRecord } from './record.ts'

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface Log {
  /** The line of a call that ends in the worker. */
  call(record: CallRecord, outcome: CallLog['outcome']): void
  /** Something that should not happen: the cause is kept here, and never sent. */
  fault(record: CallRecord, error: GatewayError): void
}

export function createLog(level: LogLevel): Log {
  const writesCalls = LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf('info')
  return {
    call(record, outcome) {
      if (writesCalls) console.log(JSON.stringify(toCallLog(record, outcome, Date.now())))
    },
    fault(record, error) {
      const { requestId } = record
      const line = { time: new Date().toISOString(), event: 'fault', requestId, code: error.code }
      console.error(JSON.stringify({ ...line, cause: describeCause(error.cause) }))
    },
  }
}

export function toCallLog(record: CallRecord, outcome: CallLog['outcome'], now: number): CallLog {
  const { requestId, receivedAt, verdict, server, method, target, era } = record
  return {
    time: new Date(now).toISOString(),
    event: 'call',
    requestId,
    ...(verdict && { tenant: verdict.tenant, principal: verdict.principal }),
    ...(server !== undefined && { server }),
    ...(method !== undefined && { method }),
    ...(target !== undefined && { target }),
    ...(era !== undefined && { era }),
    outcome,
    gatewayMs: now - receivedAt,
  }
}

function describeCause(cause: unknown): string | undefined {
  if (cause === undefined) return undefined
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
}
