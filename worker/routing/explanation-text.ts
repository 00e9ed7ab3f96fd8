/** An explanation for people: a few lines, the answer first. Pure. */
import type { Strategy } from '#protocol/routes.ts'
import type { Explanation, LookedAt } from './explanation.ts'

const CHOOSES: Record<Strategy, string> = {
  failover: 'the first that can answer',
  'round-robin': 'in turns',
  'least-in-flight': 'the one with the fewest calls in flight',
  weighted: 'by their weights',
  sticky: 'always the same for one session',
}

export function toExplanationText(explanation: Omit<Explanation, 'text'>): string {
  const { kind, name, called, lookedAt, route, targets } = explanation
  if (called === undefined) return `nothing in the catalog is called ${name} (${kind})`
  const lines = [`${kind} ${name} is ${called.name} of ${called.server}`]
  const taken = lookedAt.find(({ matches }) => matches)
  if (taken === undefined) lines.push('no route matches: nothing but the server itself')
  else lines.push(`route ${toLine(taken)}`)
  const others = lookedAt.filter(({ matches }) => !matches)
  lines.push(...others.map((one) => `  before it: ${toLine(one)}`))
  const usable = targets.filter(({ isUsable }) => isUsable)
  const list = usable.map((target) => toTarget(target, called.name)).join(', ')
  lines.push(usable.length === 0 ? 'no server can answer' : `${toChoice(explanation)}: ${list}`)
  for (const { server, isUsable, why } of targets) {
    if (!isUsable) lines.push(`  not ${server}: ${why}`)
  }
  if (route !== undefined) lines.push(...toPolicies(explanation))
  return lines.join('\n')
}

function toLine({ route, priority, why }: LookedAt): string {
  return priority === undefined ? `${route}: ${why}` : `${route} (priority ${priority}): ${why}`
}

function toTarget({ server, name, weight }: Explanation['targets'][number], own: string): string {
  const as = name === own ? '' : ` as ${name}`
  return `${server}${as}${weight === 1 ? '' : ` (weight ${weight})`}`
}

function toChoice({ policies: { strategy } }: Pick<Explanation, 'policies'>): string {
  return strategy === undefined ? 'server' : `servers, ${CHOOSES[strategy]}`
}

function toPolicies({ policies, missingScopes = [] }: Omit<Explanation, 'text'>): string[] {
  const { requiredScopes, limits, timeoutMs, attempts, transform } = policies
  return [
    ...(requiredScopes.length > 0 ? [`scopes: ${requiredScopes.join(' ')}`] : []),
    ...(missingScopes.length > 0 ? [`  the caller lacks ${missingScopes.join(' ')}`] : []),
    ...(limits.length > 0 ? [`limits: ${limits.join(', ')}`] : []),
    ...(timeoutMs === undefined ? [] : [`timeout: ${timeoutMs} ms`]),
    ...(attempts === undefined ? [] : [`tries at one server: ${attempts}`]),
    ...(transform === undefined ? [] : [`transformers: ${transform.join(', ')}`]),
  ]
}
