/** The face that all peers over HTTP have in common. */
import { createHTTPClient } from '../http-client.ts'
import { createModernClient, openLegacySession } from '../http-session.ts'
import type { Program } from '../program.ts'
import type { Endpoint, RunningPeer } from './peer.ts'

export function runningPeer(program: Program, endpoint: Endpoint): RunningPeer {
  const { url, token } = endpoint
  const client = createHTTPClient(url)
  return {
    endpoint,
    pids: () => [program.pid],
    openSession: () => openLegacySession(client, token),
    ...(endpoint.modern ? { openModern: () => createModernClient(client, token) } : {}),
    stop: async () => {
      client.close()
      await program.stop()
    },
  }
}
