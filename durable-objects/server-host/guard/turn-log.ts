/** The log line of a change of a breaker, beside those of the calls. */
import type { Turned } from './guard.ts'

interface Whose {
  tenant: string
  server: string
  /** Empty where the server is not personal. */
  principal: string
}

export function toTurnLine({ tenant, server, principal }: Whose, turned: Turned): object {
  const { from, to, calls, failures, lastFailure } = turned
  return {
    time: new Date(to.since ?? Date.now()).toISOString(),
    event: 'breaker',
    tenant,
    server,
    ...(principal !== '' && { principal }),
    from: from.phase,
    to: to.phase,
    calls,
    failures,
    ...(lastFailure !== undefined && { lastFailure: lastFailure.code }),
    ...(to.until !== undefined && { until: new Date(to.until).toISOString() }),
  }
}
