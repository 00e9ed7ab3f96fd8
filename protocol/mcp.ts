/** The Model Context Protocol's names: revisions, headers, methods, reserved `_meta` keys. */

/** Revisions that begin with `initialize` and have sessions, newest first. */
export const LEGACY_REVISIONS = [
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
] as const

/** Revisions in which every request stands alone (basic/versioning.mdx, Terminology). */
export const MODERN_REVISIONS = ['2026-07-28'] as const
/** A longer one is none. */
export const MAX_REVISION_CHARS = 64
export const LATEST_LEGACY = LEGACY_REVISIONS[0]
export const LATEST_MODERN = MODERN_REVISIONS[0]

/** What a legacy request without `MCP-Protocol-Version` speaks (2025-06-18, transports). */
export const ASSUMED_LEGACY = '2025-03-26'
/** The only one that has JSON-RPC batches. */
export const BATCH_REVISION = '2025-03-26'

export type Era = 'legacy' | 'modern'

export function eraOf(revision: string): Era | undefined {
  if ((MODERN_REVISIONS as readonly string[]).includes(revision)) return 'modern'
  if ((LEGACY_REVISIONS as readonly string[]).includes(revision)) return 'legacy'
  return undefined
}

export const HEADER = {
  protocolVersion: 'mcp-protocol-version',
  sessionId: 'mcp-session-id',
  method: 'mcp-method',
  name: 'mcp-name',
  /** Prefix of the headers that repeat tool arguments marked `x-mcp-header`. */
  param: 'mcp-param-',
  lastEventId: 'last-event-id',
} as const

/** Reserved `_meta` keys (2026-07-28, basic/index.mdx, `_meta`). */
export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const

/** Methods whose complete results carry `ttlMs` and `cacheScope` (2026-07-28, Caching). */
export const CACHEABLE_METHODS: ReadonlySet<string> = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
])

/** Methods that may answer `input_required` (2026-07-28, basic/patterns/mrtr.mdx). */
export const INPUT_METHODS: ReadonlySet<string> = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
])

/** Client requests of 2026-07-28; any other method is `-32601` with HTTP 404. */
export const MODERN_METHODS: ReadonlySet<string> = new Set([
  'server/discover',
  'completion/complete',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'tools/list',
  'tools/call',
  'subscriptions/listen',
])

/** The parameter that `Mcp-Name` repeats, by method (2026-07-28, transports/streamable-http). */
export const NAMED_PARAM: Readonly<Record<string, 'name' | 'uri'>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
}

/** Legacy methods that a gateway may send again after a crash: none of them changes anything. */
export const REPEATABLE_METHODS: ReadonlySet<string> = new Set([
  'ping',
  'tools/list',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'completion/complete',
  'server/discover',
])
