/** `/admin/tenants/{tenant}/drain`, `/warm`, `/status`, `/origins` and the consoles of its servers: what runs for a tenant. */
import { Hono } from 'hono'
import { ConsoleQueryParameters, WarmQueryParameters } from '#protocol/admin.ts'
import { VERSION } from '#protocol/version.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'
import { found, requireServerThere } from './found.ts'
import { permit, requireServerName } from './permit.ts'
import { readQuery } from './request.ts'

const TENANT = '/tenants/:tenant'

export function createRuntimeRoutes(deps: AdminDeps): Hono<AdminEnv> {
  const routes = new Hono<AdminEnv>()
  /** Only of a tenant that exists: a mistyped name must not make a server host. */
  const hostOf = async (tenant: string) => {
    await found(() => deps.tenant(tenant).summary())
    return deps.serverHost(tenant)
  }

  routes.post(`${TENANT}/drain`, permit('tenant.drain'), async function drain(c) {
    await (await hostOf(c.var.tenant)).drain()
    return c.json({ drained: true })
  })

  routes.post(`${TENANT}/warm`, permit('tenant.warm'), async function warm(c) {
    const { lists } = readQuery(c, WarmQueryParameters)
    return c.json(await (await hostOf(c.var.tenant)).warm(lists === 'true'))
  })

  /** Starts nothing, and wakes no container. */
  routes.get(`${TENANT}/status`, permit('status.get'), async function status(c) {
    return c.json({ version: VERSION, ...(await (await hostOf(c.var.tenant)).status()) })
  })

  /** Likewise. */
  routes.get(`${TENANT}/origins`, permit('origins.get'), async function origins(c) {
    return c.json(await (await hostOf(c.var.tenant)).origins())
  })

  /** Likewise. */
  routes.get(`${TENANT}/servers/:server/console`, permit('console.get'), async function logs(c) {
    const server = requireServerName(c)
    const { since, lines } = readQuery(c, ConsoleQueryParameters)
    await requireServerThere(deps, c.var.tenant, server)
    const query = { server, lines, ...(since !== undefined && { since }) }
    return c.json(await deps.serverHost(c.var.tenant).console(query))
  })

  return routes
}
