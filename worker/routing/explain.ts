/** What becomes of a name, and why: as data, and as text for people. Pure. */
import { holdsScope } from '#protocol/access.ts'
import { GLOBS_OF_KIND, type Route } from '#protocol/routes.ts'
import type { Grants, Kind } from '#protocol/scopes.ts'
import type { TenantPolicy } from '#protocol/tenant.ts'
import type { Explanation, LookedAt, Policies } from './explanation.ts'
import { toExplanationText } from './explanation-text.ts'
import { findPattern, rulesOf, toMatchText, type Called, type Rule } from './match.ts'
import { judgeTargets, type Fault, type Judged } from './targets.ts'

/** `grants`: of the principal that asks; without them nothing is said of what a caller may do. */
export function explain(
  policy: TenantPolicy,
  asked: { kind: Kind; name: string; called: Called | undefined },
  grants?: Grants,
): Explanation {
  const { kind, name, called } = asked
  const { routes, catalog } = policy
  const nothing = { lookedAt: [], targets: [], policies: { requiredScopes: [], limits: [] } }
  if (called === undefined) return withText({ kind, name, ...nothing })
  const matchedAs = toMatchText(called, catalog.separator)
  const { route, lookedAt } = lookAt(rulesOf(routes), called, matchedAs)
  const missing = (route?.requiredScopes ?? []).filter((scope) => {
    return grants !== undefined && !holdsScope(grants, scope)
  })
  return withText({
    ...{ kind, name, called: { server: called.server, name: called.name, matchedAs }, lookedAt },
    ...(route && { route: route.name }),
    targets: judgeTargets(route, called, { policy, grants }).map(toAnswer),
    policies: policiesOf(route),
    ...(missing.length > 0 && { missingScopes: missing }),
  })
}

function withText(explanation: Omit<Explanation, 'text'>): Explanation {
  return { ...explanation, text: toExplanationText(explanation) }
}

function lookAt({ ordered, byDefault }: ReturnType<typeof rulesOf>, called: Called, text: string) {
  const lookedAt: LookedAt[] = []
  for (const rule of ordered) {
    const { name, priority } = rule.route
    const pattern = findPattern(rule, called, text)
    const matches = pattern !== undefined
    const why = matches ? `${JSON.stringify(pattern)} matches` : whyNot(rule, called)
    lookedAt.push({ route: name, priority, matches, why })
    if (matches) return { route: rule.route, lookedAt }
  }
  if (byDefault === undefined) return { route: undefined, lookedAt }
  const why = 'it is the default route: no other matches'
  return {
    route: byDefault,
    lookedAt: [...lookedAt, { route: byDefault.name, matches: true, why }],
  }
}

function whyNot({ route, byKind }: Rule, { kind, server }: Called): string {
  const key = GLOBS_OF_KIND[kind]
  if (byKind[kind].length === 0) return `it has no patterns for ${key}`
  const servers = route.match?.servers
  if (servers === undefined) return `no pattern of match.${key} matches`
  return `no pattern of match.${key} matches, or none of match.servers matches ${server}`
}

function policiesOf(route: Route | undefined): Policies {
  if (route === undefined) return { requiredScopes: [], limits: [] }
  const { strategy, servers, requiredScopes, limits, timeoutMs, retries, transform = [] } = route
  return {
    ...(servers.length > 1 && { strategy }),
    requiredScopes,
    limits: limits.map(({ name }) => name),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(retries && { attempts: retries.attempts }),
    ...(transform.length > 0 && { transform: transform.map(({ use }) => use) }),
  }
}

function toAnswer({ fault, ...target }: Judged): Explanation['targets'][number] {
  if (fault === undefined) return { ...target, isUsable: true }
  return { ...target, isUsable: false, why: toReason(fault) }
}

function toReason(fault: Fault): string {
  if (fault.kind === 'absent') return 'there is no such server, or it is not enabled'
  if (fault.kind === 'forbidden') return 'the caller is not granted it'
  return `it requires the scopes ${fault.scopes.join(' ')}`
}
