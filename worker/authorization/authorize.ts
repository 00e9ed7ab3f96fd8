/** Throws what `decide.ts` refuses, and tells the ServerHost object what it has to leave out. */
import { CATALOG } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { IncomingCall } from '../context.ts'
import { decideCall, decideServer } from './decide.ts'
import type { Refusal } from './decision.ts'
import { refuseNamed } from './decide-restricted.ts'
import { narrowGrants } from './server-lists.ts'

/** Before anything is said of the call: to whom a server does not exist, no call of it is malformed. */
export function requireServer(verdict: Verdict, server: string): void {
  if (server === CATALOG) return
  const refusal = decideServer(verdict, server)
  if (refusal !== undefined) throw new GatewayError(refusal.code, refusal)
}

export function authorizeCall({ grants, policy }: Verdict, call: IncomingCall): void {
  // What is about all servers the object answers with what the principal may see of each.
  if (call.server === CATALOG) return
  const own = policy.servers[call.server]
  const decision = decideCall(narrowGrants(grants, call.server, own), call)
  if (!decision.isAllowed) {
    const refusal = inItsWords(decision, call)
    throw new GatewayError(refusal.code, refusal)
  }
  if (decision.access === undefined) return
  call.facts.access = decision.access
  if (beginsToHear(call)) call.facts.grants = grants
}

/** Its client is told from then on when lists of the server change. */
function beginsToHear({ http, facts: { envelope } }: IncomingCall): boolean {
  const method = envelope?.kind === 'request' ? envelope.method : ''
  return http === 'GET' || method === 'initialize' || method === 'subscriptions/listen'
}

/** At the catalog's URL a client knows what it asked for by another name than its server does. */
function inItsWords(refusal: Refusal, { named }: IncomingCall): Refusal {
  const asked = named && refuseNamed(named)
  return asked?.code === refusal.code ? asked : refusal
}
