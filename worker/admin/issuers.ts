/** `/admin/tenants/{tenant}/issuers`: whose JWTs count. For the operator. */
import { Hono } from 'hono'
import { IssuersBody } from '#protocol/admin.ts'
import { toActor } from './actor.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'
import { endCredential } from './ending.ts'
import { forget, found } from './found.ts'
import { permit } from './permit.ts'
import { readBody } from './request.ts'

const ISSUERS = '/tenants/:tenant/issuers'

export function createIssuerRoutes(deps: AdminDeps): Hono<AdminEnv> {
  const routes = new Hono<AdminEnv>()

  routes.get(ISSUERS, permit('issuers.get'), async function getIssuers(c) {
    return c.json(await found(() => deps.tenant(c.var.tenant).issuers()))
  })

  routes.put(ISSUERS, permit('issuers.put'), async function putIssuers(c) {
    const { tenant } = c.var
    const { issuers } = await readBody(c, IssuersBody, 'invalid_config')
    const removed = await deps.tenant(tenant).putIssuers(issuers, toActor(deps, c))
    forget(deps, tenant)
    await Promise.all(removed.map((name) => endCredential(deps, tenant, `jwt:${name}`)))
    return c.json(await found(() => deps.tenant(tenant).issuers()))
  })

  return routes
}
