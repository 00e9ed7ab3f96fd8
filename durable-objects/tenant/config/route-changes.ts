/** What may change of a tenant's routes, and by whom. Pure. */
import { describeUnknownPriority, type CatalogSettings } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import { describeUnknownServers, type Route, type Routes } from '#protocol/routes.ts'

/** Names that an audit row lists of each kind. */
const MAX_NAMES = 20

interface Routing {
  routes: Routes
  catalog: CatalogSettings
}

/** Throws `invalid_config` with each server that there is not. */
export function requireKnownServers(
  routes: Routes,
  servers: Readonly<Record<string, unknown>>,
): void {
  const unknown = describeUnknownServers(routes, Object.keys(servers)).slice(0, MAX_NAMES)
  if (unknown.length === 0) return
  throw new GatewayError('invalid_config', { detail: unknown.join('; ') })
}

/** Throws `invalid_config` with each server that there is not. */
export function requireKnownPriority(
  catalog: CatalogSettings,
  servers: Readonly<Record<string, unknown>>,
): void {
  const unknown = describeUnknownPriority(catalog, Object.keys(servers)).slice(0, MAX_NAMES)
  if (unknown.length > 0) throw new GatewayError('invalid_config', { detail: unknown.join('; ') })
}

/**
 * While a route has limits, what each route is for stays as it is, since a tenant could lift its own:
 * by other limits, by patterns that leave a name out, by another route that is looked at first, by
 * another way to write names. Throws `forbidden`.
 */
export function requireSameCounting(before: Routing, after: Routing): void {
  const hasLimits = [...before.routes, ...after.routes].some(({ limits }) => limits.length > 0)
  if (!hasLimits || toCounting(before) === toCounting(after)) return
  const detail =
    "a route has limits: which names are whose, and the limits, are the operator's alone"
  throw new GatewayError('forbidden', { detail })
}

/** For the audit log. */
export function describeRoutes(before: Routes, after: Routes): Record<string, string[]> {
  const had = toTexts(before)
  const has = toTexts(after)
  const kinds = {
    added: [...has.keys()].filter((name) => !had.has(name)),
    changed: [...has].filter(([name, text]) => had.has(name) && had.get(name) !== text).map(first),
    removed: [...had.keys()].filter((name) => !has.has(name)),
  }
  const shown = Object.entries(kinds).filter(([, names]) => names.length > 0)
  return Object.fromEntries(shown.map(([kind, names]) => [kind, shorten(names)]))
}

function toCounting({ routes, catalog }: Routing): string {
  const counting = routes.map(({ name, match, priority, limits }) => ({
    name,
    match,
    priority,
    limits,
  }))
  return JSON.stringify([catalog.separator, counting])
}

function toTexts(routes: Routes): Map<string, string> {
  return new Map(routes.map((route: Route) => [route.name, JSON.stringify(route)]))
}

function first([name]: readonly [string, string]): string {
  return name
}

function shorten(names: string[]): string[] {
  if (names.length <= MAX_NAMES) return names
  return [...names.slice(0, MAX_NAMES), `and ${names.length - MAX_NAMES} more`]
}
