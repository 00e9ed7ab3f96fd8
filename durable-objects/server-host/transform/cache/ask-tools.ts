/** Asks a server what its tools say of themselves, whatever era it speaks. */
import { OWN_CLIENT } from '#protocol/host-call.ts'
import { ask } from '../../catalog/internal-call.ts'
import { decode } from '../../processes/connection.ts'
import type { ModernServing } from '../../call/serving.ts'
import type { Server, Servers } from '../../processes/servers.ts'
import type { AskFor } from './facts.ts'

/** Longest that a call waits to learn whether its tool only reads, for each page. */
const TOOLS_TIMEOUT_MS = 5_000

export function createAskTools(
  servers: Pick<Servers, 'get' | 'version'>,
  serve: (server: Server) => Promise<ModernServing>,
): AskFor {
  return (name, principal) => async (params) => {
    const { response } = ask(await serve(await servers.get(name, servers.version, principal)), {
      server: name,
      principal,
      client: OWN_CLIENT,
      capabilities: '{}',
      method: 'tools/list',
      params,
      timeoutMs: TOOLS_TIMEOUT_MS,
    })
    return decode<{ result: Record<string, unknown> }>(await response).result
  }
}
