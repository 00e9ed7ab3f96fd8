/** How far the start of a server is: what its host program says. */
import type { LaunchMeta } from '#protocol/link.ts'
import type { Links } from './link/links.ts'
import type { ServerFacts, Servers } from './servers.ts'

export type StartStateOf = (
  server: Pick<ServerFacts, 'name' | 'principal'>,
) => LaunchMeta | undefined

export function createStartState({
  links,
  servers,
}: {
  links: Links
  servers: Servers
}): StartStateOf {
  return (server) => {
    const launch = servers.launchOf(server)
    const placement = servers.placementOf(server.name)
    if (launch === undefined || placement === undefined) return undefined
    return links.of(placement).launches.of(launch.name)
  }
}

/** Whether it waits for its turn, or is installed: a time that no deadline of a call or a start counts. */
export function isHeld(meta: LaunchMeta | undefined): boolean {
  return meta?.state === 'queued' || meta?.state === 'installing'
}
