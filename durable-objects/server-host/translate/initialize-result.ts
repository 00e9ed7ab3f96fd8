import { isObject } from '#protocol/json-rpc.ts'
import { LATEST_LEGACY, LEGACY_REVISIONS, META } from '#protocol/mcp.ts'
import type { ServerFacts } from './discover.ts'
import { withoutTasks } from './discover.ts'

export interface Discovered extends ServerFacts {
  supportedVersions: string[]
}

/** `name` stands in for a server that does not say who it is. `undefined`: no discover result. */
export function readDiscoverResult(result: unknown, name: string): Discovered | undefined {
  if (!isObject(result) || !Array.isArray(result.supportedVersions)) return undefined
  const { capabilities, instructions, _meta: meta } = result
  if (!isObject(capabilities)) return undefined
  const serverInfo = isObject(meta) ? meta[META.serverInfo] : undefined
  return {
    supportedVersions: result.supportedVersions.filter((version) => typeof version === 'string'),
    capabilities,
    serverInfo: isObject(serverInfo) ? serverInfo : { name, version: 'unknown' },
    ...(typeof instructions === 'string' && { instructions }),
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
