/**
 * What grants allow (`protocol/scopes.ts`): `deny` beats `allow` beats scopes. Pure.
 * A list of servers speaks of all that they offer, a list of tools of tools alone.
 */
import { hasDotSegment } from './dot-segment.ts'
import { includesPattern, isEverything, matchesAny, matchesPattern, mayOverlap } from './pattern.ts'
import { toScopeParts, toServerAndName } from './scopes.ts'
import type { Grants, Kind, ScopeParts } from './scopes.ts'

/** What a restricted principal may use of one kind of a server's things: patterns of names, or of URIs. */
export interface Access {
  kind: Kind
  /** One of them must match. */
  may: string[]
  /** Where present, one of them, too. */
  only?: string[]
  /** None of them. */
  never?: string[]
}

/** Whether something of the server may be used. To a principal that may not see it, it does not exist. */
export function maySeeServer(grants: Grants, server: string): boolean {
  if (isWholeTenants(grants)) return true
  return (
    isListedServer(grants, server) &&
    grants.scopes.some((scope) => scopeOn(scope, server) !== undefined)
  )
}

/** Whether a tool, a prompt or a resource of a server may be used, by its name or URI. */
export function mayUse(grants: Grants, server: string, kind: Kind, name: string): boolean {
  return isWholeTenants(grants) || allows(accessTo(grants, server, kind), name)
}

/** What `mayUse` answers for the names of one kind, small enough to be sent along with a call. */
export function accessTo(grants: Grants, server: string, kind: Kind): Access {
  if (!isListedServer(grants, server)) return { kind, may: [] }
  const may: string[] = []
  for (const scope of grants.scopes) {
    const parts = scopeOn(scope, server)
    if (parts !== undefined && (parts.kind ?? kind) === kind) may.push(parts.name)
  }
  if (kind !== 'tool') return { kind, may }
  const { allow, deny } = grants
  return {
    ...{ kind, may },
    ...(allow?.tools && { only: namesOn(allow.tools, server) }),
    ...(deny?.tools && { never: namesOn(deny.tools, server) }),
  }
}

export function allows({ kind, may, only, never }: Access, name: string): boolean {
  // A server may read what is not well-formed as another name.
  if (!name.isWellFormed()) return false
  if (kind === 'resource' && hasDotSegment(name)) return may.some(isEverything)
  return (
    matchesAny(may, name) &&
    (only === undefined || matchesAny(only, name)) &&
    (never === undefined || !matchesAny(never, name))
  )
}

/** Whether all that the server offers may be used, so that nothing needs to be looked at further. */
export function isUnrestricted(grants: Grants, server: string): boolean {
  if (isWholeTenants(grants)) return true
  if (!isListedServer(grants, server)) return false
  const { allow, deny } = grants
  if (deny?.tools !== undefined && namesOn(deny.tools, server).length > 0) return false
  if (allow?.tools !== undefined && !namesOn(allow.tools, server).some(isEverything)) return false
  return grants.scopes.some((scope) => {
    const parts = scopeOn(scope, server)
    return parts !== undefined && parts.kind === undefined
  })
}

/**
 * Whether the scopes hold one that a server or a part of the API requires, by itself or by one
 * above it: `admin` holds each `admin:…`, and `*` what concerns servers. Lists are not looked at.
 */
export function holdsScope(grants: Grants, scope: string): boolean {
  return grants.scopes.includes(scope) || isWithin(grants.scopes.map(toScopeParts), scope)
}

/** Whether the scope lies in one of those. */
export function isWithin(held: readonly ScopeParts[], scope: string): boolean {
  const asked = toScopeParts(scope)
  return held.some((parts) => includesParts(parts, asked))
}

/** Whether nothing at all can be done with them. */
export function hasNothing(grants: Grants): boolean {
  return !grants.scopes.some((scope) => {
    const parts = toScopeParts(scope)
    if (parts.on === 'admin') return true
    if (parts.on === 'other') return parts.text === 'run' || parts.text === 'secrets'
    const { server } = parts
    if (server === '') return false
    if (grants.deny?.servers?.some((pattern) => includesPattern(pattern, server))) return false
    return grants.allow?.servers?.some((pattern) => mayOverlap(pattern, server)) ?? true
  })
}

/** The grants of most tokens: no list, and every server. */
export function isWholeTenants({ scopes, allow, deny }: Grants): boolean {
  return allow === undefined && deny === undefined && scopes.includes('*')
}

function isListedServer({ allow, deny }: Grants, server: string): boolean {
  if (deny?.servers !== undefined && matchesAny(deny.servers, server)) return false
  return allow?.servers === undefined || matchesAny(allow.servers, server)
}

/** The scope taken apart, where it grants anything of the server. */
function scopeOn(scope: string, server: string): (ScopeParts & { on: 'server' }) | undefined {
  const parts = toScopeParts(scope)
  return parts.on === 'server' && matchesPattern(parts.server, server) ? parts : undefined
}

/** Of `{server}/{tool}` patterns, those of one server without the server. */
function namesOn(tools: readonly string[], server: string): string[] {
  return tools
    .map(toServerAndName)
    .filter((tool) => matchesPattern(tool.server, server))
    .map(({ name }) => name)
}

function includesParts(wide: ScopeParts, narrow: ScopeParts): boolean {
  if (wide.on === 'admin') return narrow.on === 'admin' && includesPattern(wide.part, narrow.part)
  if (wide.on === 'other') return narrow.on === 'other' && wide.text === narrow.text
  if (narrow.on !== 'server' || !includesPattern(wide.server, narrow.server)) return false
  if (wide.kind === undefined) return true
  return wide.kind === narrow.kind && includesPattern(wide.name, narrow.name)
}
