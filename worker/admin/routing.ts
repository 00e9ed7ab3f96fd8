/** `/admin/tenants/{tenant}/routes`, and `…/explain`, which says what becomes of a name. */
import { Hono, type Context } from 'hono'
import { ExplainQuery, RoutesBody } from '#protocol/admin.ts'
import { OPERATOR, type TenantPolicy } from '#protocol/tenant.ts'
import { repeatWhenLost } from '../durable-call.ts'
import { explain } from '../routing/explain.ts'
import { splitName, type Called } from '../routing/match.ts'
import { toActor } from './actor.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'
import { forget, found, requireServerThere } from './found.ts'
import { permit } from './permit.ts'
import { readBody, readQuery } from './request.ts'

const TENANT = '/tenants/:tenant'

export function createRoutingRoutes(deps: AdminDeps): Hono<AdminEnv> {
  const routes = new Hono<AdminEnv>()

  routes.get(`${TENANT}/routes`, permit('routes.get'), async function getRoutes(c) {
    return c.json({ routes: await found(() => deps.tenant(c.var.tenant).routes()) })
  })

  routes.put(`${TENANT}/routes`, permit('routes.put'), async function putRoutes(c) {
    const { tenant } = c.var
    const { routes } = await readBody(c, RoutesBody, 'invalid_config')
    const version = await deps.tenant(tenant).putRoutes(routes, toActor(deps, c))
    forget(deps, tenant)
    return c.json({ version })
  })

  routes.get(`${TENANT}/explain`, permit('explain.get'), async function getExplanation(c) {
    const query = readQuery(c, ExplainQuery)
    const { tenant, admin } = c.var
    const policy = await found(() => deps.tenant(tenant).policy())
    const { kind, name, server } = query
    if (server !== undefined) await requireServerThere(deps, tenant, server)
    const called = await resolve(deps, c, policy, query)
    const grants = admin.isOperator ? undefined : admin.verdict.grants
    return c.json(explain(policy, { kind, name, called }, grants))
  })

  return routes
}

/** As the catalog says it, where it has listed that; else by the form that names of the catalog have. */
async function resolve(
  { serverHost }: AdminDeps,
  { var: { tenant, admin } }: Context<AdminEnv>,
  policy: TenantPolicy,
  { kind, name, server }: ExplainQuery,
): Promise<Called | undefined> {
  if (server !== undefined) return { kind, server, name }
  const principal = admin.isOperator ? OPERATOR : admin.verdict.principal
  const { configVersion } = policy
  const asked = { kind, name, principal, configVersion }
  const target = await repeatWhenLost(() => serverHost(tenant).resolveName(asked))
  return target === undefined ? splitName(policy, kind, name) : { kind, ...target }
}
