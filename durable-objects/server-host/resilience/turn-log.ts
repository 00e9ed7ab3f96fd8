/** One line for each change of a breaker, beside those of the calls. */
import type { Turned } from './guard.ts'

interface Whose {
  tenant: string
  server: string
  /** Empty where the server is not personal. */
  principal: string
}

export function writeTurn({ tenant, server, principal }: Whose, turned: Turned): void {
  const { from, to, calls, failures, lastFailure } = turned
  const line = {
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
  console.log(JSON.stringify(line))
}
