/** Which route a call takes, and whether its caller may: scopes, and where it may be sent. Pure. */
import { holdsScope } from '#protocol/access.ts'
import { hasDotSegment } from '#protocol/dot-segment.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { GLOBS_OF_KIND, type Route, type Routes } from '#protocol/routes.ts'
import type { Kind } from '#protocol/scopes.ts'
import type { Verdict } from '#protocol/tenant.ts'
import { hasAmbiguousNames } from '../authorization/ambiguous-names.ts'
import type { Refusal } from '../authorization/decision.ts'
import { namesIn, type Named } from '../authorization/named.ts'
import type { IncomingCall, RoutedCall } from '../context.ts'
import { matchRoute } from './match.ts'
import { judgeTargets, type Judged, type Target } from './targets.ts'

/** A longer name or URI is refused where patterns are to be compared with it. */
const MAX_ROUTED_CHARS = 2_048

/** Methods whose calls stand alone, so that any server of the route may answer them. */
const MOVABLE: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read'])

export type RouteDecision = { isAllowed: true; routed?: RoutedCall } | Refusal

type Principal = Pick<Verdict, 'grants' | 'policy'>

const UNROUTED: RouteDecision = { isAllowed: true }

/** A call that authorization let through. Calls that name nothing take no route. */
export function decideRoute(verdict: Principal, call: IncomingCall): RouteDecision {
  const { facts, body } = call
  const { envelope } = facts
  if (envelope?.kind !== 'request' || body === undefined) return UNROUTED
  const named = namesIn(envelope.method, paramsOf(body.value))
  if (named === 'malformed') return refuse('invalid_params', 'a name or URI is not a string')
  if (named.length === 0) return UNROUTED
  const fault = findFault(named, verdict.policy.routes)
  if (fault !== undefined) return refuse('invalid_params', fault)
  // A server that reads another name than this would run it under the policies of this one.
  if (facts.catalog === undefined && hasAmbiguousNames(body.bytes)) {
    const detail = 'a member that says what is asked for occurs twice, or in other letters'
    return refuse('invalid_message', detail)
  }
  return decideNamed(verdict, call, { named, method: envelope.method })
}

function decideNamed(
  { grants, policy }: Principal,
  { facts, server }: IncomingCall,
  { named, method }: { named: Named[]; method: string },
): RouteDecision {
  const naming = { routes: policy.routes, separator: policy.catalog.separator }
  const matched = named.flatMap((one) => {
    const route = matchRoute(naming, { ...one, server })?.route
    return route === undefined ? [] : { route, called: { ...one, server } }
  })
  const [first] = matched
  if (first === undefined) return UNROUTED
  const routes = matched.map(({ route }) => route)
  const { name } = first.called
  const lacking = findLacking(routes, (scope) => holdsScope(grants, scope))
  if (lacking !== undefined) return refuseScopes(lacking)
  if (facts.catalog === undefined || !MOVABLE.has(method)) {
    return { isAllowed: true, routed: { routes, name } }
  }
  const judged = judgeTargets(first.route, first.called, { policy, grants })
  const targets = judged.filter(({ fault }) => fault === undefined).map(toTarget)
  if (targets.length === 0) return refuseAll(first.route, judged)
  return { isAllowed: true, routed: { routes, name, targets } }
}

function paramsOf(message: unknown): Record<string, unknown> {
  return isObject(message) && isObject(message.params) ? message.params : {}
}

function toTarget({ server, name, weight }: Judged): Target {
  return { server, name, weight }
}

/** All that it takes at once: a client asks its user for consent once. */
function findLacking(
  routes: readonly Route[],
  holds: (scope: string) => boolean,
): string[] | undefined {
  return routes.map(({ requiredScopes }) => requiredScopes).find((scopes) => !scopes.every(holds))
}

/** Names that could pass a pattern by, since a server may read them as others. */
function findFault(named: Named[], routes: Routes): string | undefined {
  const [fault] = named.flatMap(({ kind, name }) => {
    if (!hasPatterns(routes, kind)) return []
    if (name.length > MAX_ROUTED_CHARS) {
      return `a name or URI has at most ${MAX_ROUTED_CHARS} characters here: there are routes`
    }
    if (!name.isWellFormed()) return 'a name or URI is not well-formed'
    if (kind !== 'resource' || !hasDotSegment(name)) return []
    return 'a URI has a segment . or .., so that no pattern says what it leads to'
  })
  return fault
}

function hasPatterns(routes: Routes, kind: Kind): boolean {
  return routes.some(({ match }) => match?.[GLOBS_OF_KIND[kind]] !== undefined)
}

/** What its caller may not see is to it as what is not there. */
function refuseAll({ name }: Route, judged: readonly Judged[]): Refusal {
  for (const { fault } of judged) {
    if (fault?.kind === 'scopes') return refuseScopes(fault.scopes)
  }
  return refuse('server_not_found', `the route "${name}" leads to none`)
}

function refuseScopes(scopes: string[]): Refusal {
  return { isAllowed: false, code: 'forbidden', data: { scopes } }
}

function refuse(code: Refusal['code'], detail: string): Refusal {
  return { isAllowed: false, code, detail }
}
