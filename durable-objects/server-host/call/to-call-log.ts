/** The log line of a call that came to the object. */
import type { CallLog } from '#protocol/call-log.ts'
import type { HostCall } from '#protocol/host-call.ts'

export function toCallLog(
  host: HostCall,
  outcome: CallLog['outcome'],
  processMs?: number,
  cache?: CallLog['cache'],
): CallLog {
  const now = Date.now()
  const { requestId, tenant, principal, server, era, envelope, http } = host
  const target = host.shownTarget ?? host.target
  const method = envelope !== undefined && 'method' in envelope ? envelope.method : http
  return {
    time: new Date(now).toISOString(),
    event: 'call',
    requestId,
    tenant,
    principal,
    server,
    method,
    target,
    era,
    route: host.route?.name,
    outcome,
    cache,
    gatewayMs: round(Math.max(0, now - host.receivedAt - (processMs ?? 0))),
    processMs: processMs && round(processMs),
  }
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}
