/** What the catalog says of itself: its capabilities, and what its servers want a model to know. Pure. */
import { IMPLEMENTATION } from '#protocol/version.ts'
import type { CatalogContext } from './context.ts'
import type { Eras } from '../processes/era-answers.ts'
import { readFacts } from '../processes/spoken-facts.ts'
import type { ServerFacts } from '../translate/server-facts.ts'

/** More is cut off: it goes into every conversation. */
const MAX_INSTRUCTIONS_CHARS = 16_384

/** All that any server may offer, so that one that comes later is not hidden from a session. */
const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  completions: {},
  logging: {},
}

/** What a server offers; of two eras the modern one's word counts: its lists are asked for in that. */
export function announcedCapabilities(spoken: Eras, name: string): Record<string, unknown> {
  return readFacts(spoken, name, 'modern')?.capabilities ?? {}
}

/** `servers`: those that are known, in order. */
export function catalogFacts(servers: readonly { name: string; spoken: Eras }[]): ServerFacts {
  const instructions = servers
    .flatMap(({ name, spoken }) => {
      const text = readFacts(spoken, name, 'modern')?.instructions
      return text === undefined ? [] : [`# ${name}\n\n${text}`]
    })
    .join('\n\n')
    .slice(0, MAX_INSTRUCTIONS_CHARS)
  return {
    capabilities: CAPABILITIES,
    serverInfo: IMPLEMENTATION,
    ...(instructions !== '' && { instructions }),
  }
}

/** The same for the servers that a principal sees, as far as it is known of them without asking. */
export function knownFacts(
  { servers, eras }: Pick<CatalogContext, 'servers' | 'eras'>,
  names: readonly string[],
  principal: string,
): ServerFacts {
  return catalogFacts(
    names.flatMap((name) => {
      const server = servers.peek(name, principal)
      const spoken = server && eras.known(server)
      return spoken === undefined || !server?.config.catalog.isListed ? [] : [{ name, spoken }]
    }),
  )
}

/**
 * Whether one of these keeps a session's state, as far as it is known: then a client that can have a
 * session of the catalog should. What was never asked may be of the legacy era.
 */
export function haveSessions(
  { servers, eras }: Pick<CatalogContext, 'servers' | 'eras'>,
  names: readonly string[],
  principal: string,
): boolean {
  return names.some((name) => {
    const config = servers.factsOf(name, principal)?.config
    if (config?.catalog.isListed !== true || config.sharing !== 'session') return false
    const server = servers.peek(name, principal)
    return server === undefined || eras.known(server)?.discover === undefined
  })
}
