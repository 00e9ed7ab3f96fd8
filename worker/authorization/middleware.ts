/** Refuses what `decide.ts` refuses, and tells the ServerHost object what it has to leave out. */
import type { MiddlewareHandler } from 'hono'
import { GatewayError } from '#protocol/errors.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { AppEnv, CallRecord } from '../context.ts'
import { decideCall, decideServer } from './decide.ts'

/** Before anything is said of the call: to whom a server does not exist, no call of it is malformed. */
export function requireServer(): MiddlewareHandler<AppEnv> {
  return async function requireServer(c, next) {
    const { record, message } = c.var
    const refusal = decideServer(requireVerdict(record), message.server)
    if (refusal !== undefined) throw new GatewayError(refusal.code, refusal)
    await next()
  }
}

export function authorizeCall(): MiddlewareHandler<AppEnv> {
  return async function authorizeCall(c, next) {
    const { record, call } = c.var
    const decision = decideCall(requireVerdict(record).grants, call)
    if (!decision.isAllowed) throw new GatewayError(decision.code, decision)
    const { access } = decision
    if (access !== undefined) c.set('call', { ...call, facts: { ...call.facts, access } })
    await next()
  }
}

function requireVerdict({ verdict }: CallRecord): Verdict {
  if (verdict === undefined) throw new TypeError('the route stands behind requireTenant')
  return verdict
}
