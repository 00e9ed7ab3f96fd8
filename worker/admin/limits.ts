/** `/admin/tenants/{tenant}/limits`: the operator sets them, the tenant may read them. */
import { Hono } from 'hono'
import { LimitsBody } from '#protocol/admin.ts'
import { toActor } from './actor.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'
import { forget, found } from './found.ts'
import { permit } from './permit.ts'
import { readBody } from './request.ts'

const LIMITS = '/tenants/:tenant/limits'

export function createLimitRoutes(deps: AdminDeps): Hono<AdminEnv> {
  const routes = new Hono<AdminEnv>()

  routes.get(LIMITS, permit('limits.get'), async function getLimits(c) {
    return c.json(await found(() => deps.tenant(c.var.tenant).limits()))
  })

  routes.put(LIMITS, permit('limits.put'), async function putLimits(c) {
    const { tenant } = c.var
    const body = await readBody(c, LimitsBody, 'invalid_config')
    await deps.tenant(tenant).putLimits(body.limits, body.shards, toActor(deps, c))
    forget(deps, tenant)
    return c.json(body)
  })

  return routes
}
