/** What an operator asks: is the gateway up, and is a tenant's server host ready. */
import type { Context } from 'hono'
import { DEFAULT_PLACEMENT } from '#protocol/tenant.ts'
import type { AppEnv, Deps } from './context.ts'

const RETRY_AFTER_SECONDS = '5'

/** Depends on nothing, so that it fails only when the worker itself does. */
export function health(): Response {
  return Response.json({ status: 'ok' })
}

/**
 * 200 when every enabled server of the caller's tenant is warm, else 503 that says which is not.
 * Starts nothing: a probe must not wake a container that sleeps.
 */
export function createReadyRoute(deps: Pick<Deps, 'serverHost'>) {
  return async function ready(c: Context<AppEnv>): Promise<Response> {
    const { tenant = '', servers: names = [] } = c.get('record').verdict ?? {}
    const report = await deps.serverHost(tenant, DEFAULT_PLACEMENT).status()
    const servers = names.map((name) => {
      const found = report.servers.find((server) => server.name === name)
      return { name, warm: found?.ready ?? false }
    })
    const isReady = servers.every((server) => server.warm)
    const headers = isReady ? {} : { 'Retry-After': RETRY_AFTER_SECONDS }
    return Response.json({ ready: isReady, servers }, { status: isReady ? 200 : 503, headers })
  }
}
