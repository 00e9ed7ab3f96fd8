/** Throws what `decide.ts` refuses, and notes the route for what stands behind it. */
import { CATALOG } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { IncomingCall } from '../context.ts'
import { decideRoute } from './decide.ts'

/** For a call that authorization let through: a route takes nothing of what that says. */
export function routeCall(verdict: Verdict, call: IncomingCall): void {
  if (verdict.policy.routes.length === 0 || call.server === CATALOG) return
  const decision = decideRoute(verdict, call)
  if (!decision.isAllowed) throw new GatewayError(decision.code, decision)
  if (decision.routed !== undefined) call.routed = decision.routed
}
