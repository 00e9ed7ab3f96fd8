/** `/admin/tenants/{tenant}/servers`: all of them at once, and one by one. */
import { Hono } from 'hono'
import { ServerConfig, ServerConfigs } from '#protocol/server-config.ts'
import { toActor } from './actor.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'
import { forget, found, requireServerThere } from './found.ts'
import { permit, requireServerName } from './permit.ts'
import { readBody } from './request.ts'

const ALL = '/tenants/:tenant/servers'
const ONE = `${ALL}/:server`

export function createServerRoutes(deps: AdminDeps): Hono<AdminEnv> {
  const routes = new Hono<AdminEnv>()

  routes.get(ALL, permit('servers.get'), async function getServers(c) {
    return c.json(await found(() => deps.tenant(c.var.tenant).servers()))
  })

  routes.put(ALL, permit('servers.put'), async function putServers(c) {
    const { tenant, admin } = c.var
    const servers = await readBody(c, ServerConfigs, 'invalid_config')
    const version = await deps.tenant(tenant).putServers(servers, toActor(deps, c))
    if (admin.isOperator) await deps.directory().add(tenant, Date.now())
    forget(deps, tenant)
    return c.json({ version })
  })

  routes.get(ONE, permit('server.get'), async function getServer(c) {
    return c.json(await requireServerThere(deps, c.var.tenant, requireServerName(c)))
  })

  routes.put(ONE, permit('server.put'), async function putServer(c) {
    const { tenant } = c.var
    const name = requireServerName(c)
    const server = await readBody(c, ServerConfig, 'invalid_config')
    const version = await deps.tenant(tenant).putServer(name, server, toActor(deps, c))
    forget(deps, tenant)
    return c.json({ version })
  })

  routes.delete(ONE, permit('server.delete'), async function deleteServer(c) {
    const { tenant } = c.var
    const version = await deps.tenant(tenant).deleteServer(requireServerName(c), toActor(deps, c))
    forget(deps, tenant)
    return c.json({ version })
  })

  return routes
}
