/** What scripted processes answer. */
interface Asked {
  method?: string
}

const INFO = { name: 'scripted', version: '1' }

/** A server of 2025-11-25: no `server/discover`, an empty result for what is not `initialize`. */
export function answerAsLegacy({ method }: Asked): object {
  if (method === 'server/discover') return { error: { code: -32601, message: 'unknown' } }
  if (method !== 'initialize') return { content: [] }
  return {
    protocolVersion: '2025-11-25',
    capabilities: { tools: { listChanged: true }, logging: {}, resources: { subscribe: true } },
    serverInfo: INFO,
  }
}

/** A server of 2026-07-28: nothing else is known to it than to be discovered. */
export function answerAsModern({ method }: Asked): object {
  if (method === 'initialize') return { error: { code: -32601, message: 'unknown' } }
  const fresh = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
  if (method !== 'server/discover') return { ...fresh, content: [], tools: [] }
  return {
    ...fresh,
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: { listChanged: true } },
    serverInfo: INFO,
  }
}
