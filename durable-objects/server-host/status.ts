/** What an operator is told of a tenant's servers: which are ready, and how each fares. */
import { GatewayError } from '#protocol/errors.ts'
import type { ServerReport, WarmReport } from '#protocol/host-call.ts'
import { URGENCY } from '#protocol/link.ts'
import { MAIN_PLACEMENT } from '#protocol/tenant.ts'
import type { HostContext } from './host-context.ts'
import { describe } from './processes/link/why.ts'
import type { Eras } from './processes/era-answers.ts'
import { requireFacts } from './processes/spoken-facts.ts'
import { describeStart } from './call/start-progress.ts'

/** Longest that a status waits for host programs; without them it says what is known here. */
const HEAR_MS = 1_000

/** What `warm` would find ready, and how it fares, without starting anything. */
export async function readStatus(context: HostContext, principal?: string): Promise<WarmReport> {
  const { servers, eras, guards, catalog } = context
  await servers.load()
  await hearHosts(context)
  const reports = servers.all.map(({ name, server, fault }) => {
    const placement = servers.placementOf(name)
    const more = {
      resilience: guards.report(name, principal),
      ...(placement !== undefined && { placement }),
      ...reportProcesses(context, name),
    }
    if (server === undefined) return { ...reportUnstarted(name, fault), ...more }
    const known = eras.known(server)
    const lists = catalog.report(server)
    const told = known === undefined ? { name, ready: false, eras: [] } : report(known, name)
    const failure = servers.reasons.of(server.launch)
    return { ...told, ...(failure && notReady(failure)), lists, ...more }
  })
  return { servers: reports }
}

/** A new object knows what a former one did not store once the host programs that are up have told it. */
async function hearHosts({ servers, links }: HostContext): Promise<void> {
  const placements = new Set(servers.all.map(({ name }) => servers.placementOf(name)))
  placements.delete(undefined)
  const heard = Array.from(placements, async (placement = MAIN_PLACEMENT) => {
    await links.join(placement, HEAR_MS)
    const { isOpen, launches } = links.of(placement)
    if (isOpen) await launches.told(HEAR_MS)
  })
  await Promise.allSettled(heard)
}

/**
 * Learns the eras, before anyone asks: what adapts is kept warm from its first use on. `lists`: each server is
 * asked for its tools in the same process, so that the first list has them; nobody waits for that.
 */
export async function warmServers(
  { servers, eras, catalog }: HostContext,
  lists: boolean,
): Promise<WarmReport> {
  await servers.load()
  const reports = servers.all.map(async ({ name, server, fault }) => {
    if (server === undefined) return reportUnstarted(name, fault)
    try {
      const told = report(await eras.of(server, URGENCY.none), name)
      if (lists && told.ready) catalog.prepare(server)
      const failure = servers.reasons.of(server.launch)
      return { ...told, ...(failure && notReady(failure)) }
    } catch (error) {
      return reportUnstarted(name, GatewayError.from(error))
    }
  })
  const told = await Promise.all(reports)
  if (lists) void learnForSessions({ servers, eras })
  return { servers: told }
}

/**
 * What the first session on each would wait for. One after the other, when nothing else is waited for; one that
 * did not start is not tried again.
 */
async function learnForSessions({ servers, eras }: Pick<HostContext, 'servers' | 'eras'>) {
  for (const { server } of servers.all) {
    if (server === undefined || server.launch.maxProcesses === 1) continue
    if (eras.known(server) !== undefined) await eras.both(server).catch(() => undefined)
  }
}

/** One whose answers nothing can be made of is not ready, and says why. */
function report(known: Eras, name: string): ServerReport {
  try {
    requireFacts(known, name, 'legacy')
    return { name, ready: true, eras: toNames(known) }
  } catch (error) {
    return { name, eras: toNames(known), ...notReady(GatewayError.from(error)) }
  }
}

/** A personal server has no fault: its processes wait for their principals. */
function reportUnstarted(name: string, fault: GatewayError | undefined): ServerReport {
  if (fault !== undefined) return { name, eras: [], ...notReady(fault) }
  return { name, ready: true, eras: [], isPersonal: true }
}

function notReady(fault: GatewayError): Pick<ServerReport, 'error' | 'output' | 'hint'> & {
  ready: false
} {
  return { ready: false, ...describe(fault) }
}

/** Of a personal server nothing: its processes are each principal's own. */
function reportProcesses({ links, servers }: HostContext, name: string): Partial<ServerReport> {
  const launch = servers.launchOf({ name })
  const placement = servers.placementOf(name)
  if (launch === undefined || placement === undefined || !links.isUp(placement)) return {}
  const told = links.of(placement).launches.report(launch.name)
  if (told === undefined) return {}
  const { processes, spares } = told
  const start = describeStart(name, told)
  return { processes, spares, ...(start !== undefined && { start }) }
}

function toNames({ initialize, discover }: Eras = {}): string[] {
  return [...(initialize ? ['legacy'] : []), ...(discover ? ['modern'] : [])]
}
