/** No escalation: whoever hands grants on may not hand on more than it has. Pure, conservative. */
import { isWithin } from './access.ts'
import { includesPattern, mayOverlap } from './pattern.ts'
import { toScopeParts, toServerAndName } from './scopes.ts'
import type { Grants, ScopeParts } from './scopes.ts'

type ServerParts = Extract<ScopeParts, { on: 'server' }>

/** A tool's pattern taken apart. */
interface Tool {
  server: string
  name: string
}

/**
 * True only when `holder` grants everything that `asked` grants: each scope lies within one of the
 * holder's, and each list of the holder's binds what is asked, too. False when in doubt.
 */
export function covers(holder: Grants, asked: Grants): boolean {
  const held = holder.scopes.map(toScopeParts)
  if (!asked.scopes.every((scope) => isWithin(held, scope))) return false
  const scopes = asked.scopes.map(toScopeParts).filter((parts) => parts.on === 'server')
  return (
    isWithinAllowedServers(holder, asked, scopes) &&
    isClearOfDeniedServers(holder, asked, scopes) &&
    isWithinAllowedTools(holder, asked, scopes) &&
    isClearOfDeniedTools(holder, asked, scopes)
  )
}

function isWithinAllowedServers(holder: Grants, asked: Grants, scopes: ServerParts[]): boolean {
  const allowed = holder.allow?.servers
  if (allowed === undefined) return true
  const isAllowed = (server: string) => allowed.some((wide) => includesPattern(wide, server))
  return (
    scopes.every(({ server }) => isAllowed(server)) ||
    (asked.allow?.servers?.every(isAllowed) ?? false)
  )
}

function isClearOfDeniedServers(holder: Grants, asked: Grants, scopes: ServerParts[]): boolean {
  return (holder.deny?.servers ?? []).every(
    (denied) =>
      deniesServer(asked, denied) ||
      scopes.every(({ server }) => !mayOverlap(server, denied)) ||
      (asked.allow?.servers?.every((server) => !mayOverlap(server, denied)) ?? false),
  )
}

function isWithinAllowedTools(holder: Grants, asked: Grants, scopes: ServerParts[]): boolean {
  const allowed = holder.allow?.tools?.map(toServerAndName)
  if (allowed === undefined) return true
  const isAllowed = (tool: Tool) => allowed.some((wide) => includesTool(wide, tool))
  return (
    scopes.filter(grantsTools).every(isAllowed) ||
    (asked.allow?.tools?.map(toServerAndName).every(isAllowed) ?? false)
  )
}

function isClearOfDeniedTools(holder: Grants, asked: Grants, scopes: ServerParts[]): boolean {
  const deniedToo = asked.deny?.tools?.map(toServerAndName) ?? []
  const allowed = asked.allow?.tools?.map(toServerAndName)
  return (holder.deny?.tools ?? []).map(toServerAndName).every((denied) => {
    const isClear = (tool: Tool) =>
      !mayOverlap(tool.server, denied.server) || !mayOverlap(tool.name, denied.name)
    return (
      deniedToo.some((wide) => includesTool(wide, denied)) ||
      deniesServer(asked, denied.server) ||
      scopes.filter(grantsTools).every(isClear) ||
      (allowed?.every(isClear) ?? false)
    )
  })
}

function deniesServer(grants: Grants, server: string): boolean {
  return grants.deny?.servers?.some((wide) => includesPattern(wide, server)) ?? false
}

function grantsTools({ kind }: ServerParts): boolean {
  return kind === undefined || kind === 'tool'
}

function includesTool(wide: Tool, narrow: Tool): boolean {
  return includesPattern(wide.server, narrow.server) && includesPattern(wide.name, narrow.name)
}
