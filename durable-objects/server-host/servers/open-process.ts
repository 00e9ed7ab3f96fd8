import { GatewayError } from '#protocol/errors.ts'
import type { Channel } from '../link/channel.ts'
import type { HostContext } from '../host-context.ts'
import type { ServerFacts } from './servers.ts'

const LINK_TIMEOUT_MS = 30_000
/** Longest wait for a process, the installation of its package included. */
const OPEN_TIMEOUT_MS = 180_000

/**
 * A process of the server's, started or a spare: as it is configured now, and a personal server's as its
 * principal's. Throws what the host program refuses with, and what `Servers.get` does.
 */
export async function openProcess(
  { link, servers }: Pick<HostContext, 'link' | 'servers'>,
  server: Pick<ServerFacts, 'name' | 'principal'>,
  key: string,
): Promise<Channel> {
  await servers.get(server.name, servers.version, server.principal)
  await link.ready(LINK_TIMEOUT_MS)
  const launch = servers.launchOf(server)
  if (launch === undefined) throw new GatewayError('server_not_found')
  const channel = link.open(launch.name, key)
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new GatewayError('server_start_timeout')),
    OPEN_TIMEOUT_MS,
  )
  try {
    await Promise.race([channel.opened, late.promise])
    return channel
  } catch (error) {
    channel.close()
    throw error
  } finally {
    clearTimeout(timer)
  }
}
