/** What an object answers to a question about a tenant that does not exist is nothing. */
import { GatewayError } from '#protocol/errors.ts'
import { TENANT_NAME } from '#protocol/tenant.ts'
import type { MiddlewareHandler } from 'hono'
import { repeatWhenLost } from '../durable-call.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'

/** The requests that make a tenant. */
const MAKES_TENANT = /^PUT \/admin\/tenants\/[^/]+(\/servers)?\/?$/

/** Throws `tenant_not_found`, so that a mistyped name makes no object. A principal's own tenant is there. */
export function requireTenantThere({ knownTenants }: AdminDeps): MiddlewareHandler<AdminEnv> {
  return async function requireTenantThere(c, next) {
    const tenant = c.req.param('tenant')
    if (c.var.admin.isOperator && tenant !== undefined && TENANT_NAME.test(tenant)) {
      const isMade = MAKES_TENANT.test(`${c.req.method} ${c.req.path}`)
      if (!isMade && !(await knownTenants.hasNow(tenant)))
        throw new GatewayError('tenant_not_found')
    }
    await next()
  }
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
