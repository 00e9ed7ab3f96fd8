import { GatewayError } from '#protocol/errors.ts'
import { isUse, URGENCY, type OpenMeta } from '#protocol/link.ts'
import type { Channel } from './link/channel.ts'
import type { Link } from './link/link.ts'
import type { ProcessContext } from './context.ts'
import type { ServerFacts } from './servers.ts'
import { OpeningUrgency } from './opening-urgency.ts'
import { isHeld } from './start-state.ts'

const LINK_TIMEOUT_MS = 30_000
/** Longest wait for a process: what waits for its turn, or is installed, waits on. */
const OPEN_TIMEOUT_MS = 180_000

/** The object's name for the channel, and whose the process is. */
export type Wanted = Omit<OpenMeta, 'server' | 'urgency'>

export type Opening = Pick<ProcessContext, 'links' | 'servers' | 'remotes' | 'store' | 'startOf'>

/**
 * A process of the server's: the one that a former object had by this key, one that is started, or a spare; or
 * a session with it where it is reached from here. As it is configured now, and a personal server's as its
 * principal's. Throws what the host program refuses with, what a remote server cannot be reached with, and
 * what `Servers.get` does.
 */
export async function openProcess(
  context: Opening,
  server: Pick<ServerFacts, 'name' | 'principal'>,
  wanted: Wanted,
  urgency = new OpeningUrgency(URGENCY.call),
): Promise<Channel> {
  const { servers } = context
  await servers.get(server.name, servers.version, server.principal)
  const { links } = context
  const placement = servers.placementOf(server.name)
  const open = () => openAt(context, server, wanted, urgency)
  return placement === undefined ? open() : links.hold(placement, open)
}

async function openAt(
  context: Opening,
  server: Pick<ServerFacts, 'name' | 'principal'>,
  wanted: Wanted,
  urgency: OpeningUrgency,
): Promise<Channel> {
  const { links, servers } = context
  const find = () => servers.placementOf(server.name)
  for (;;) {
    const link = await links.follow(find, LINK_TIMEOUT_MS)
    try {
      const channel =
        link === undefined
          ? openRemote(context, server, { ...wanted, ...metaOf(urgency) })
          : (links.former.take(wanted.key, find()) ??
            openLinked(context, link, server, { ...wanted, ...metaOf(urgency) }))
      urgency.attach(channel)
      return await opened(channel, () => isHeld(context.startOf(server)))
    } catch (error) {
      // It was asked just before it said that it takes no more: the next host program is.
      if (link?.isDraining !== true || !isShuttingDown(error)) throw error
    }
  }
}

function metaOf({ value, owner }: OpeningUrgency): Pick<OpenMeta, 'urgency' | 'owner'> {
  return { urgency: value, ...(owner !== undefined && { owner }) }
}

function isShuttingDown(error: unknown): boolean {
  return GatewayError.is(error) && error.code === 'shutting_down'
}

/** Throws what there is no process for. */
async function opened(channel: Channel, mayWaitOn: () => boolean): Promise<Channel> {
  const late = Promise.withResolvers<never>()
  const expire = (): void => {
    if (mayWaitOn()) timer = setTimeout(expire, OPEN_TIMEOUT_MS)
    else late.reject(new GatewayError('server_start_timeout'))
  }
  let timer = setTimeout(expire, OPEN_TIMEOUT_MS)
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

function openLinked(
  { servers, store }: Opening,
  link: Link,
  server: Pick<ServerFacts, 'name' | 'principal'>,
  wanted: Omit<OpenMeta, 'server'>,
): Channel {
  const launch = servers.launchOf(server)
  if (launch === undefined) throw new GatewayError('server_not_found')
  if (isUse(wanted)) store.uses.note(launch.digest, Date.now())
  return link.open({ ...wanted, server: launch.name })
}

/** Nothing of it is in the host program, which may sleep on. */
function openRemote(
  { servers, remotes }: Opening,
  server: Pick<ServerFacts, 'name' | 'principal'>,
  wanted: Wanted,
): Channel {
  const launch = servers.launchOf(server)
  if (launch?.remote === undefined) throw new GatewayError('server_not_found')
  return remotes.open(launch, wanted)
}
