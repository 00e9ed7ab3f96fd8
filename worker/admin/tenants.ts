/** `/admin/tenants`: for the operator. */
import { Hono } from 'hono'
import { TenantsQuery } from '#protocol/admin.ts'
import { repeatWhenLost } from '../durable-call.ts'
import { toActor } from './actor.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'
import { forget, found } from './found.ts'
import { permit } from './permit.ts'
import { readQuery } from './request.ts'

export function createTenantRoutes(deps: AdminDeps): Hono<AdminEnv> {
  const routes = new Hono<AdminEnv>()

  routes.get('/tenants', permit('tenants.list'), async function listTenants(c) {
    const { cursor, limit } = readQuery(c, TenantsQuery)
    return c.json(await repeatWhenLost(() => deps.directory().list(cursor, limit)))
  })

  routes.put('/tenants/:tenant', permit('tenant.create'), async function createTenant(c) {
    const { tenant } = c.var
    await deps.tenant(tenant).create(toActor(deps, c))
    await deps.directory().add(tenant, Date.now())
    forget(deps, tenant)
    return c.json(await found(() => deps.tenant(tenant).summary()))
  })

  routes.get('/tenants/:tenant', permit('tenant.get'), async function getTenant(c) {
    return c.json(await found(() => deps.tenant(c.var.tenant).summary()))
  })

  routes.delete('/tenants/:tenant', permit('tenant.delete'), async function deleteTenant(c) {
    const { tenant } = c.var
    const version = await deps.tenant(tenant).remove(toActor(deps, c))
    forget(deps, tenant)
    await repeatWhenLost(() => deps.serverHost(tenant).remove(version))
    // Last, so that a deletion that was cut short can be repeated.
    await deps.directory().remove(tenant)
    forget(deps, tenant)
    return c.json({ deleted: true })
  })

  return routes
}
