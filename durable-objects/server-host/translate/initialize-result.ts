import { isObject } from '#protocol/json-rpc.ts'
import { eraOf, LATEST_LEGACY, LEGACY_REVISIONS, META } from '#protocol/mcp.ts'
import { withoutTasks } from './discover.ts'
import { readCapabilities, readServerInfo, type ServerFacts } from './server-facts.ts'

export interface Discovered extends ServerFacts {
  supportedVersions: string[]
}

/**
 * `name` stands in for a server that does not say who it is. `undefined`: no discover result, or none
 * with a revision that Hearth speaks. Nothing less proves the modern era: some servers answer anything.
 */
export function readDiscoverResult(result: unknown, name: string): Discovered | undefined {
  if (!isObject(result) || !Array.isArray(result.supportedVersions)) return undefined
  const { capabilities, instructions, resultType, _meta: meta } = result
  if (!isObject(capabilities)) return undefined
  if (resultType !== undefined && resultType !== 'complete') return undefined
  const supportedVersions = result.supportedVersions.filter(
    (version): version is string => typeof version === 'string',
  )
  if (!supportedVersions.some((version) => eraOf(version) === 'modern')) return undefined
  const { read, lacks } = readCapabilities(capabilities)
  return {
    supportedVersions,
    capabilities: read,
    serverInfo: readServerInfo(isObject(meta) ? meta[META.serverInfo] : undefined, name).read,
    ...(typeof instructions === 'string' && { instructions }),
    ...(lacks.length > 0 && { lacks }),
  }
}

/** The `initialize` result for a legacy client of a modern server. `asked`: its `protocolVersion`. */
export function toInitializeResult(facts: ServerFacts, asked: unknown): Record<string, unknown> {
  const { capabilities, serverInfo, instructions } = facts
  return {
    protocolVersion: LEGACY_REVISIONS.find((revision) => revision === asked) ?? LATEST_LEGACY,
    capabilities: withoutTasks(capabilities),
    serverInfo,
    ...(instructions !== undefined && { instructions }),
  }
}
