/** `/admin/tenants/{tenant}/catalog`: how the tenant's servers are one at `/mcp`. */
import { Hono } from 'hono'
import { CatalogSettings } from '#protocol/catalog.ts'
import { toActor } from './actor.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'
import { forget, found } from './found.ts'
import { permit } from './permit.ts'
import { readBody } from './request.ts'

const CATALOG = '/tenants/:tenant/catalog'

export function createCatalogRoutes(deps: AdminDeps): Hono<AdminEnv> {
  const routes = new Hono<AdminEnv>()

  routes.get(CATALOG, permit('catalog.get'), async function getCatalog(c) {
    return c.json(await found(() => deps.tenant(c.var.tenant).catalog()))
  })

  routes.put(CATALOG, permit('catalog.put'), async function putCatalog(c) {
    const { tenant } = c.var
    const settings = await readBody(c, CatalogSettings, 'invalid_config')
    const version = await deps.tenant(tenant).putCatalog(settings, toActor(deps, c))
    forget(deps, tenant)
    return c.json({ version })
  })

  return routes
}
