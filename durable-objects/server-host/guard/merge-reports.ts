/** The reports of a personal server's principals as one: sums, and the worst of each. Pure. */
import type { BreakerPhase, Health, ResilienceReport } from '#protocol/resilience.ts'

const HEALTHS: readonly Health[] = ['unknown', 'healthy', 'failing', 'unhealthy']
const PHASES: readonly BreakerPhase[] = ['closed', 'half-open', 'open']

const NOTHING: ResilienceReport = {
  health: 'unknown',
  inFlight: 0,
  queued: 0,
  calls: 0,
  failures: 0,
}

export function mergeReports(reports: readonly ResilienceReport[]): ResilienceReport {
  return reports.reduce(merge, NOTHING)
}

function merge(one: ResilienceReport, other: ResilienceReport): ResilienceReport {
  const breaker = worse(one.breaker, other.breaker)
  const lastFailure = later(one.lastFailure, other.lastFailure)
  const answeredAt = Math.max(one.answeredAt ?? 0, other.answeredAt ?? 0)
  return {
    health: HEALTHS.indexOf(one.health) > HEALTHS.indexOf(other.health) ? one.health : other.health,
    ...(breaker !== undefined && { breaker }),
    inFlight: one.inFlight + other.inFlight,
    queued: one.queued + other.queued,
    calls: one.calls + other.calls,
    failures: one.failures + other.failures,
    ...(lastFailure !== undefined && { lastFailure }),
    ...(answeredAt > 0 && { answeredAt }),
  }
}

type State = ResilienceReport['breaker']

function worse(one: State, other: State): State {
  if (one === undefined || other === undefined) return one ?? other
  return PHASES.indexOf(one.state) > PHASES.indexOf(other.state) ? one : other
}

type Failure = ResilienceReport['lastFailure']

function later(one: Failure, other: Failure): Failure {
  if (one === undefined || other === undefined) return one ?? other
  return one.at > other.at ? one : other
}
