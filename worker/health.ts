/** What an operator asks: is the gateway up, and is a tenant's server host ready. */
import type { Context } from 'hono'
import { maySeeServer } from '#protocol/access.ts'
import type { ServerReport } from '#protocol/host-call.ts'
import type { ResilienceReport } from '#protocol/resilience.ts'
import type { AppEnv, Deps } from './context.ts'

const RETRY_AFTER_SECONDS = '5'

/** Depends on nothing, so that it fails only when the worker itself does. */
export function health(): Response {
  return Response.json({ status: 'ok' })
}

/**
 * 200 when every enabled server of its tenant that the caller may see can be called, else 503 that says which
 * cannot. `warm`: a process of it is there; one that rests is started by the next call.
 * Starts nothing: a probe must not wake a container that sleeps.
 */
export function createReadyRoute(deps: Pick<Deps, 'serverHost'>) {
  return async function ready(c: Context<AppEnv>): Promise<Response> {
    const { verdict } = c.var.record
    if (verdict === undefined) throw new TypeError('the route stands behind requireTenant')
    const { tenant, principal, grants, policy } = verdict
    const names = Object.keys(policy.servers).filter((name) => maySeeServer(grants, name))
    const report = await deps.serverHost(tenant).status(principal)
    const servers = names.map((name) => {
      const found = report.servers.find((server) => server.name === name)
      const isCommon = found?.isPersonal !== true
      const resilience = isCommon ? found?.resilience : undefined
      return {
        name,
        ...toWarmth(found),
        ...(isCommon && found?.error !== undefined && { error: found.error }),
        ...(resilience !== undefined && toPublic(resilience)),
      }
    })
    const isReady = servers.every((server) => server.ready)
    const headers = isReady ? {} : { 'Retry-After': RETRY_AFTER_SECONDS }
    return Response.json({ ready: isReady, servers }, { status: isReady ? 200 : 503, headers })
  }
}

/** An older host program does not tell of processes. */
function toWarmth(found: ServerReport | undefined): { ready: boolean; warm: boolean } {
  const { ready = false, processes } = found ?? {}
  return { ready, warm: processes === undefined ? ready : processes > 0 }
}

/** Of a personal server nothing: it would tell of other principals. */
function toPublic({ health, breaker }: ResilienceReport) {
  return { health, ...(breaker !== undefined && { breaker: breaker.state }) }
}
