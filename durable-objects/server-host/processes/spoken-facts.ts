/** What a server's answers in its eras say of it. Pure. */
import { GatewayError } from '#protocol/errors.ts'
import type { Era } from '#protocol/mcp.ts'
import { readDiscoverResult } from '../translate/initialize-result.ts'
import {
  initializeFault,
  readInitializeResult,
  type ServerFacts,
} from '../translate/server-facts.ts'
import type { Eras } from './era-answers.ts'

/** `first`: whose word counts where there are two. Throws `server_start_failed`, with why. */
export function requireFacts(spoken: Eras, name: string, first: Era): ServerFacts {
  const facts = readFacts(spoken, name, first)
  if (facts !== undefined) return facts
  const detail = initializeFault(spoken.initialize) ?? 'its first answer is malformed'
  throw new GatewayError('server_start_failed', { detail })
}

/** The same, or `undefined` for a server of which nothing can be made. */
export function readFacts(
  { discover, initialize }: Eras,
  name: string,
  first: Era,
): ServerFacts | undefined {
  const legacy = () => readInitializeResult(initialize, name)
  const modern = () => readDiscoverResult(discover, name)
  return first === 'legacy' ? (legacy() ?? modern()) : (modern() ?? legacy())
}
