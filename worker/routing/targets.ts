/** Where a call may be sent: the servers of its route, without what is not there for its caller. Pure. */
import { holdsScope, maySeeServer, mayUse } from '#protocol/access.ts'
import type { Route } from '#protocol/routes.ts'
import type { Grants } from '#protocol/scopes.ts'
import type { TenantPolicy } from '#protocol/tenant.ts'
import type { Called } from './match.ts'

export interface Target {
  server: string
  /** As that server says it. */
  name: string
  weight: number
}

export interface Judged extends Target {
  /** Why it is left out. */
  fault?: Fault
}
export type Fault =
  /** Not configured, or not enabled. */
  { kind: 'absent' } | { kind: 'forbidden' } | { kind: 'scopes'; scopes: string[] }

/**
 * In the order of the route, or what was called where no route names servers. Without `grants` it is
 * not asked what a principal may do. A route opens nothing: each target takes what a call of it takes.
 */
export function judgeTargets(
  route: Route | undefined,
  called: Called,
  { policy, grants }: { policy: TenantPolicy; grants?: Grants | undefined },
): Judged[] {
  const named = { server: called.server, name: called.name, weight: 1 }
  const targets: Target[] =
    route === undefined || route.servers.length === 0
      ? [named]
      : route.servers.map(({ server, name = called.name, weight }) => ({ server, name, weight }))
  return targets.map((target) => {
    const fault = findFault(target, called, policy, grants)
    return fault === undefined ? target : { ...target, fault }
  })
}

function findFault(
  { server, name }: Target,
  { kind }: Called,
  { servers }: TenantPolicy,
  grants: Grants | undefined,
): Fault | undefined {
  const found = Object.hasOwn(servers, server) ? servers[server] : undefined
  if (found === undefined) return { kind: 'absent' }
  if (grants === undefined) return undefined
  if (!maySeeServer(grants, server)) return { kind: 'forbidden' }
  const { requiredScopes } = found
  if (!requiredScopes.every((scope) => holdsScope(grants, scope))) {
    return { kind: 'scopes', scopes: requiredScopes }
  }
  return mayUse(grants, server, kind, name) ? undefined : { kind: 'forbidden' }
}
