import { GatewayError } from '#protocol/errors.ts'
import type { Channel } from './link/channel.ts'
import type { Link } from './link/link.ts'
import type { Server } from './servers.ts'

const LINK_TIMEOUT_MS = 30_000
/** Longest wait for a process, the installation of its package included. */
const OPEN_TIMEOUT_MS = 180_000

/** A process of the server's, started or a spare. Throws what the host program refuses with. */
export async function openProcess(link: Link, server: Server, key: string): Promise<Channel> {
  await link.ready(LINK_TIMEOUT_MS)
  const channel = link.open(server.name, key)
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
