/** The face that all peers over HTTP have in common. */
import { createHTTPClient } from '../http-client.ts'
import { createModernClient, openLegacySession } from '../http-session.ts'
import type { Program } from '../program.ts'
import type { Endpoint, RunningPeer, Session } from './peer.ts'

export function runningPeer(program: Program, endpoint: Endpoint): RunningPeer {
  const { url, token, toolPrefix = '' } = endpoint
  const client = createHTTPClient(url)
  const named = (session: Session): Session => ({
    ...session,
    request: (method, params) =>
      session.request(
        method,
        method === 'tools/call'
          ? { ...params, name: `${toolPrefix}${String(params.name)}` }
          : params,
      ),
  })
  return {
    endpoint,
    pids: () => [program.pid],
    openSession: async () => named(await openLegacySession(client, token)),
    ...(endpoint.modern ? { openModern: () => named(createModernClient(client, token)) } : {}),
    stop: async () => {
      client.close()
      await program.stop()
    },
  }
}
