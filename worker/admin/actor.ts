/** Who makes an admin request, as the audit log tells it. */
import type { Context } from 'hono'
import type { Grants } from '#protocol/scopes.ts'
import { OPERATOR, type Actor } from '#protocol/tenant.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'

const MAX_ADDRESS_CHARS = 45

export function toActor({ hasClientAddress }: AdminDeps, c: Context<AdminEnv>): Actor {
  const { admin, record } = c.var
  const { requestId } = record
  const from = hasClientAddress ? c.req.header('CF-Connecting-IP') : undefined
  const where = from === undefined ? {} : { from: from.slice(0, MAX_ADDRESS_CHARS) }
  if (admin.isOperator) return { by: OPERATOR, credential: OPERATOR, ...where, requestId }
  const { principal, credential } = admin.verdict
  return { by: principal, credential, ...where, requestId }
}

/** What it may hand on to tokens at most: what it has itself; `undefined`: anything. */
export function withinOf({ var: { admin } }: Context<AdminEnv>): Grants | undefined {
  return admin.isOperator ? undefined : admin.verdict.grants
}
