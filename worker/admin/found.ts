/** What an object answers to a question about a tenant that does not exist is nothing. */
import { didYouMean } from '#protocol/did-you-mean.ts'
import { GatewayError } from '#protocol/errors.ts'
import { describeKnownNames } from '#protocol/known-names.ts'
import type { ServerConfig } from '#protocol/server-config.ts'
import { TENANT_NAME } from '#protocol/tenant.ts'
import type { MiddlewareHandler } from 'hono'
import { repeatWhenLost } from '../durable-call.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'

/** The requests that make a tenant. */
const MAKES_TENANT = /^PUT \/admin\/tenants\/[^/]+(\/servers)?\/?$/

/** Throws `tenant_not_found`, so that a mistyped name makes no object. A principal's own tenant is there. */
export function requireTenantThere(deps: AdminDeps): MiddlewareHandler<AdminEnv> {
  const { knownTenants } = deps
  return async function requireTenantThere(c, next) {
    const tenant = c.req.param('tenant')
    if (c.var.admin.isOperator && tenant !== undefined && TENANT_NAME.test(tenant)) {
      const isMade = MAKES_TENANT.test(`${c.req.method} ${c.req.path}`)
      if (!isMade && !(await knownTenants.hasNow(tenant))) throw await noTenant(deps, tenant)
    }
    await next()
  }
}

/** Of that many tenants the nearest name is told. */
const MAX_COMPARED_TENANTS = 1_000

/** For the operator, who may know them all. */
async function noTenant({ directory }: AdminDeps, tenant: string): Promise<GatewayError> {
  const { items } = await repeatWhenLost(() => directory().list(undefined, MAX_COMPARED_TENANTS))
  const near = didYouMean(
    tenant,
    items.map(({ name }) => name),
  )
  const detail = near === undefined ? {} : { detail: `did you mean ${near}?` }
  return new GatewayError('tenant_not_found', detail)
}

/** For who may manage servers, and so know them. Throws `server_not_found` with the nearest name. */
export async function requireServerThere(
  deps: AdminDeps,
  tenant: string,
  name: string,
): Promise<ServerConfig> {
  const { servers } = await found(() => deps.tenant(tenant).servers())
  const server = Object.hasOwn(servers, name) ? servers[name] : undefined
  if (server !== undefined) return server
  const detail = describeKnownNames(name, Object.keys(servers))
  throw new GatewayError('server_not_found', { detail })
}

/** Asks, twice when the object was lost. Throws `tenant_not_found`. */
export async function found<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const answer = await repeatWhenLost(ask)
  if (answer === undefined) throw new GatewayError('tenant_not_found')
  return answer
}

/** This isolate sees a change at once; others within the life of what they keep. */
export function forget(deps: AdminDeps, tenant: string): void {
  const { knownTenants, verdicts, trusts, catalogNames } = deps
  knownTenants.forget(tenant)
  verdicts.forget(tenant)
  catalogNames.forget(tenant)
  trusts.forget(tenant)
}
