/** What a server says of itself, as far as it can be read. Pure. */
import { isObject } from '#protocol/json-rpc.ts'
import { eraOf, LATEST_LEGACY, LEGACY_REVISIONS, MAX_REVISION_CHARS } from '#protocol/mcp.ts'

/** What `initialize` and `server/discover` both tell of a server. */
export interface ServerFacts {
  capabilities: Record<string, unknown>
  serverInfo: Record<string, unknown>
  instructions?: string
  /** What was not there or could not be read, and what is assumed instead. */
  lacks?: readonly string[]
}

/** Of a server whose capabilities cannot be read: it is asked, and may say that it knows no such method. */
const ASSUMED_CAPABILITIES = { tools: {}, prompts: {}, resources: {} }

/**
 * `name` stands in for a server that does not say who it is. `undefined` when nothing can be made of
 * the value: see `initializeFault`.
 */
export function readInitializeResult(result: unknown, name: string): ServerFacts | undefined {
  if (!isObject(result) || initializeFault(result) !== undefined) return undefined
  const { protocolVersion, instructions } = result
  const capabilities = readCapabilities(result.capabilities)
  const serverInfo = readServerInfo(result.serverInfo, name)
  const lacks = [
    ...(protocolVersion === undefined ? ['it named no protocolVersion'] : []),
    ...(serverInfo.isWhole ? [] : ['it named no valid serverInfo']),
    ...capabilities.lacks,
  ]
  return {
    capabilities: capabilities.read,
    serverInfo: serverInfo.read,
    ...(typeof instructions === 'string' && { instructions }),
    ...(lacks.length > 0 && { lacks }),
  }
}

/**
 * Why a server that answered `initialize` so cannot be used; `undefined` where it can. `asked`: a
 * revision that the client speaks, whether Hearth knows it or not.
 */
export function initializeFault(result: unknown, asked?: unknown): string | undefined {
  if (!isObject(result)) return `initialize was answered with ${describe(result)}`
  const { protocolVersion: version } = result
  if (version === undefined) return undefined
  const isKnown = typeof version === 'string' && eraOf(version) !== undefined
  const isAgreed = version === asked && String(version).length <= MAX_REVISION_CHARS
  if (isKnown || isAgreed) return undefined
  if (typeof version !== 'string') return `its protocolVersion is ${describe(version)}`
  const known = LEGACY_REVISIONS.join(', ')
  return (
    `it answered initialize with revision ${toPlain(version)}, which was not asked for: ` +
    `use a release of the server that speaks one of ${known}, or a client that asks for that revision`
  )
}

/**
 * What a legacy client is told of a server that answered its own `initialize`: the same value where it
 * is whole, else with what is assumed. `asked`: the client's `protocolVersion`. The result has no
 * `initializeFault`.
 */
export function completeInitializeResult(
  result: unknown,
  asked: unknown,
  name: string,
): Record<string, unknown> {
  if (!isObject(result)) return {}
  const capabilities = readCapabilities(result.capabilities)
  const serverInfo = readServerInfo(result.serverInfo, name)
  const isVersioned = result.protocolVersion !== undefined
  if (isVersioned && serverInfo.isWhole && capabilities.lacks.length === 0) return result
  const known = LEGACY_REVISIONS.find((revision) => revision === asked)
  return {
    ...result,
    protocolVersion: result.protocolVersion ?? known ?? LATEST_LEGACY,
    capabilities: capabilities.read,
    serverInfo: serverInfo.read,
  }
}

export function readServerInfo(
  info: unknown,
  name: string,
): { read: Record<string, unknown>; isWhole: boolean } {
  const own = isObject(info) ? info : {}
  const isWhole = typeof own.name === 'string' && typeof own.version === 'string'
  const named = typeof own.name === 'string' ? own.name : name
  const version = typeof own.version === 'string' ? own.version : 'unknown'
  return { read: isWhole ? own : { ...own, name: named, version }, isWhole }
}

/** `true` and `[]` offer a list as `{}` does. */
export function readCapabilities(value: unknown): {
  read: Record<string, unknown>
  lacks: string[]
} {
  if (!isObject(value)) {
    const what =
      value === undefined ? 'it named no capabilities' : `its capabilities are ${describe(value)}`
    return { read: ASSUMED_CAPABILITIES, lacks: [`${what}, so each list is asked for`] }
  }
  const odd = Object.keys(value).filter((key) => !isObject(value[key]))
  if (odd.length === 0) return { read: value, lacks: [] }
  const read = Object.entries(value).flatMap(([key, own]): [string, unknown][] => {
    if (isObject(own)) return [[key, own]]
    return own === null || own === false ? [] : [[key, {}]]
  })
  return {
    read: Object.fromEntries(read),
    lacks: [`${odd.length} of its capabilities are no objects`],
  }
}

/** It is shown in logs and terminals. */
function toPlain(version: string): string {
  return version.slice(0, MAX_REVISION_CHARS).replace(/[^\x21-\x7e]/g, '?')
}

function describe(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return 'a list'
  return `a ${typeof value}`
}
