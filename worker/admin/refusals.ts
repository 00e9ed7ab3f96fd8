/** What a tenant's own principals were refused goes into the tenant's audit log, too. */
import type { MiddlewareHandler } from 'hono'
import { ERRORS, GatewayError, type ErrorCode } from '#protocol/errors.ts'
import { toActor } from './actor.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'
import { isChange, type Action } from './permissions.ts'

export function recordRefusals(deps: AdminDeps): MiddlewareHandler<AdminEnv> {
  return async function recordRefusals(c, next) {
    await next()
    const { admin, attempt, record } = c.var
    if (c.error === undefined || attempt === undefined || admin.isOperator) return
    const { code } = GatewayError.from(c.error)
    if (!isRefusal(attempt.action, code)) return
    await deps
      .tenant(admin.verdict.tenant)
      .recordRefusal({ ...attempt, outcome: code }, toActor(deps, c))
      // The answer is the refusal, whether it could be written down or not.
      .catch((cause: unknown) => deps.log.fault(record, new GatewayError('internal', { cause })))
  }
}

/** A change that did not come about, or something that the principal may not read. */
function isRefusal(action: Action, code: ErrorCode): boolean {
  const { status } = ERRORS[code]
  return status >= 400 && status < 500 && (isChange(action) || code === 'forbidden')
}
