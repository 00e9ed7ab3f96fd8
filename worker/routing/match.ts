/**
 * Which route a name belongs to. Routes are read once for each policy; what is looked at first is
 * decided by priority, then by the order in the list. Pure.
 */
import { matchesGlob, readGlob, type Glob } from '#protocol/glob.ts'
import { GLOBS_OF_KIND, type Route, type Routes } from '#protocol/routes.ts'
import type { Kind } from '#protocol/scopes.ts'
import type { TenantPolicy } from '#protocol/tenant.ts'

/** What is called, by the server's own name for it or by its URI. */
export interface Called {
  kind: Kind
  server: string
  name: string
}

export interface Matched {
  route: Route
  /** The pattern that matched; absent for the default route. */
  pattern?: string
}

/** How names are written in patterns: `{server}{separator}{name}`. */
interface Naming {
  routes: Routes
  separator: string
}

export interface Rule {
  route: Route
  servers?: Pattern[]
  byKind: Record<Kind, Pattern[]>
}

export interface Pattern {
  text: string
  glob: Glob
}

interface Rules {
  /** In the order in which they are looked at. */
  ordered: Rule[]
  byDefault?: Route
}

const known = new WeakMap<Routes, Rules>()

export function matchRoute({ routes, separator }: Naming, called: Called): Matched | undefined {
  const { ordered, byDefault } = rulesOf(routes)
  const text = toMatchText(called, separator)
  for (const rule of ordered) {
    const pattern = findPattern(rule, called, text)
    if (pattern !== undefined) return { route: rule.route, pattern }
  }
  return byDefault && { route: byDefault }
}

/** The pattern of a rule that matches; `undefined` for none. */
export function findPattern(
  rule: Rule,
  { kind, server }: Called,
  text: string,
): string | undefined {
  const found = rule.byKind[kind].find(({ glob }) => matchesGlob(glob, text))
  if (found === undefined || rule.servers === undefined) return found?.text
  return rule.servers.some(({ glob }) => matchesGlob(glob, server)) ? found.text : undefined
}

/** What patterns are compared with. */
export function toMatchText({ kind, server, name }: Called, separator: string): string {
  return kind === 'resource' ? name : `${server}${separator}${name}`
}

/** A name of the form that names of the catalog have, by the longest server's name that fits. */
export function splitName(
  { servers, catalog: { separator } }: Pick<TenantPolicy, 'servers' | 'catalog'>,
  kind: Kind,
  name: string,
): Called | undefined {
  if (kind === 'resource') return undefined
  const [server] = Object.keys(servers)
    .filter((each) => name.startsWith(each + separator))
    .toSorted((one, other) => other.length - one.length)
  return server === undefined
    ? undefined
    : { kind, server, name: name.slice(server.length + separator.length) }
}

export function rulesOf(routes: Routes): Rules {
  const found = known.get(routes)
  if (found !== undefined) return found
  const byDefault = routes.find(({ match }) => match === undefined)
  const ordered = routes
    .filter(({ match }) => match !== undefined)
    // Equal ones keep their order: the sort is stable.
    .toSorted((one, other) => other.priority - one.priority)
    .map(toRule)
  const rules = { ordered, ...(byDefault && { byDefault }) }
  known.set(routes, rules)
  return rules
}

function toRule(route: Route): Rule {
  const { match } = route
  const patternsOf = (kind: Kind): Pattern[] => toPatterns(match?.[GLOBS_OF_KIND[kind]] ?? [])
  return {
    route,
    ...(match?.servers && { servers: toPatterns(match.servers) }),
    byKind: {
      tool: patternsOf('tool'),
      prompt: patternsOf('prompt'),
      resource: patternsOf('resource'),
    },
  }
}

/** They were checked when they were stored: one that cannot be read matches nothing. */
function toPatterns(texts: readonly string[]): Pattern[] {
  return texts.flatMap((text) => {
    const reading = readGlob(text)
    return 'glob' in reading ? [{ text, glob: reading.glob }] : []
  })
}
