/** Routes that take a credential, and are no MCP endpoints: `/ready`, and `/admin`. */
import type { MiddlewareHandler } from 'hono'
import type { AppEnv, Deps } from '../context.ts'
import { parseBearer } from './bearer.ts'
import { answerOf, identifyCaller, readCaller, type EdgeDeps } from './caller.ts'
import { isOperator } from './operator.ts'

const ADMIN_PATH = /^\/admin\/tenants\/([^/]+)/

/** Sets the record's verdict, or answers 401. */
export function requireTenant(deps: EdgeDeps): MiddlewareHandler<AppEnv> {
  return async function requireTenant(c, next) {
    const caller = readCaller(deps, c.req.raw, c.req.param('tenant'), undefined)
    await identifyCaller(deps, caller, c.get('record'))
    await next()
  }
}

/**
 * Sets `admin`, or answers 401. On `/admin/tenants/{tenant}/…` a tenant's credential is one of that
 * tenant: another's is as unknown as any. What it may do there is decided behind this.
 */
export function requireAdmin(deps: EdgeDeps & Pick<Deps, 'adminToken'>): MiddlewareHandler<AppEnv> {
  return async function requireAdmin(c, next) {
    const token = parseBearer(c.req.raw.headers.get('Authorization'))
    if (token !== undefined && (await isOperator(deps.adminToken, token))) {
      c.set('admin', { isOperator: true })
      return next()
    }
    const tenant = ADMIN_PATH.exec(c.req.path)?.[1]
    const { authorization, resource } = readCaller(deps, c.req.raw, tenant, undefined)
    const answer = await answerOf(deps, authorization, resource, Date.now())
    if ('refusal' in answer) throw answer.refusal
    c.set('admin', { isOperator: false, verdict: answer.verdict })
    await next()
  }
}
