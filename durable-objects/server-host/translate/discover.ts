import { isObject } from '#protocol/json-rpc.ts'
import { LEGACY_REVISIONS, META, MODERN_REVISIONS, type Era } from '#protocol/mcp.ts'
import type { ServerFacts } from './server-facts.ts'

/** A discover result changes with the configuration only. Milliseconds. */
export const DISCOVER_TTL_MS = 60_000

const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks'

/**
 * The `server/discover` result for a legacy server, from its own InitializeResult. `era`: the one that
 * is announced. A client that speaks both begins a session where the legacy one alone is.
 */
export function toDiscoverResult(facts: ServerFacts, era: Era = 'modern'): Record<string, unknown> {
  const { capabilities, serverInfo, instructions } = facts
  return {
    resultType: 'complete',
    supportedVersions: [...(era === 'modern' ? MODERN_REVISIONS : LEGACY_REVISIONS)],
    capabilities: withoutTasks(capabilities),
    ...(instructions !== undefined && { instructions }),
    ttlMs: DISCOVER_TTL_MS,
    cacheScope: 'private',
    _meta: { [META.serverInfo]: serverInfo },
  }
}

/** Tasks of either era: their methods are not translated, so they must not be announced. */
export function withoutTasks(capabilities: Record<string, unknown>): Record<string, unknown> {
  const { tasks: _tasks, extensions, ...offered } = capabilities
  if (!isObject(extensions)) return offered
  const { [TASKS_EXTENSION]: _extension, ...others } = extensions
  return Object.keys(others).length === 0 ? offered : { ...offered, extensions: others }
}
