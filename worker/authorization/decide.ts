/** May this principal do this? Pure. What it may not see does not exist for it. */
import { hasNothing, holdsScope, isUnrestricted, maySeeServer } from '#protocol/access.ts'
import { Scope, type Grants } from '#protocol/scopes.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { IncomingCall } from '../context.ts'
import { decideRestricted } from './decide-restricted.ts'
import type { Decision, Refusal } from './decision.ts'

/** `undefined` for a server that the principal may see, with all the scopes that it requires. */
export function decideServer(
  { grants, policy }: Pick<Verdict, 'grants' | 'policy'>,
  server: string,
): Refusal | undefined {
  const found = Object.hasOwn(policy.servers, server) ? policy.servers[server] : undefined
  if (found === undefined || !maySeeServer(grants, server)) {
    return hasNothing(grants) ? refuseAll(server) : { isAllowed: false, code: 'server_not_found' }
  }
  const { requiredScopes } = found
  if (requiredScopes.every((scope) => holdsScope(grants, scope))) return undefined
  // All that it takes at once: a client asks its user for consent once.
  return { isAllowed: false, code: 'forbidden', data: { scopes: requiredScopes } }
}

/** A call of a server that `decideServer` lets through. */
export function decideCall(grants: Grants, call: IncomingCall): Decision {
  if (isUnrestricted(grants, call.server)) return { isAllowed: true }
  return decideRestricted(grants, call)
}

/** To whom nothing is granted at all, every name is as good as the next: this tells of none. */
function refuseAll(server: string): Refusal {
  const scope = `servers:${server}`
  const scopes = Scope.safeParse(scope).success ? [scope] : []
  return { isAllowed: false, code: 'forbidden', data: { scopes } }
}
