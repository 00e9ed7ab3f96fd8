/** Refuses what `decide.ts` refuses, and tells the ServerHost object what it has to leave out. */
import type { MiddlewareHandler } from 'hono'
import { CATALOG } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { AppEnv, CallRecord, IncomingCall } from '../context.ts'
import { applyRoutes } from '../routing/apply.ts'
import { decideCall, decideServer, type Refusal } from './decide.ts'
import { refuseNamed } from './decide-restricted.ts'
import { narrowGrants } from './server-lists.ts'

/** Before anything is said of the call: to whom a server does not exist, no call of it is malformed. */
export function requireServer(): MiddlewareHandler<AppEnv> {
  return async function requireServer(c, next) {
    const { record, message } = c.var
    if (message.server === CATALOG) return next()
    const refusal = decideServer(requireVerdict(record), message.server)
    if (refusal !== undefined) throw new GatewayError(refusal.code, refusal)
    await next()
  }
}

export function authorizeCall(): MiddlewareHandler<AppEnv> {
  return async function authorizeCall(c, next) {
    const { record, call } = c.var
    // What is about all servers the object answers with what the principal may see of each.
    if (call.server === CATALOG) return next()
    const verdict = requireVerdict(record)
    const own = verdict.policy.servers[call.server]
    const decision = decideCall(narrowGrants(verdict.grants, call.server, own), call)
    if (!decision.isAllowed) {
      const refusal = inItsWords(decision, call)
      throw new GatewayError(refusal.code, refusal)
    }
    const { access } = decision
    if (access !== undefined) c.set('call', { ...call, facts: { ...call.facts, access } })
    // Here, and no step of its own: without routes a call must not wait once more.
    if (verdict.policy.routes.length > 0) applyRoutes(verdict, c.var.call)
    await next()
  }
}

/** At the catalog's URL a client knows what it asked for by another name than its server does. */
function inItsWords(refusal: Refusal, { named }: IncomingCall): Refusal {
  const asked = named && refuseNamed(named)
  return asked?.code === refusal.code ? asked : refusal
}

function requireVerdict({ verdict }: CallRecord): Verdict {
  if (verdict === undefined) throw new TypeError('the route stands behind requireTenant')
  return verdict
}
