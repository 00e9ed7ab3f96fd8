/** What a new configuration means for what runs of the former one. Pure. */
import type { ResolvedServer } from '#protocol/tenant.ts'

/** Names of servers, each in one of the lists at most. */
export interface ServersChange {
  added: string[]
  /** What is started is another command, or is started in another way: it begins anew. */
  changed: string[]
  removed: string[]
  /** Settings alone: what runs stays. */
  adjusted: string[]
  /** How all of them are shown as one is another. */
  isShownAnew?: boolean
  /** Of a personal server: this one's processes alone. */
  principal?: string
}

export function compareServers(
  before: ReadonlyMap<string, ResolvedServer>,
  after: ReadonlyMap<string, ResolvedServer>,
): ServersChange {
  const change: ServersChange = { added: [], changed: [], removed: [], adjusted: [] }
  for (const [name, server] of after) {
    const former = before.get(name)
    if (former === undefined) change.added.push(name)
    else if (beginsAnew(former, server)) change.changed.push(name)
    else if (differ(former.config, server.config)) change.adjusted.push(name)
    if (former !== undefined && differ(former.config.catalog, server.config.catalog)) {
      change.isShownAnew = true
    }
  }
  for (const name of before.keys()) if (!after.has(name)) change.removed.push(name)
  return change
}

export function isNoChange(change: ServersChange): boolean {
  const { added, changed, removed, adjusted, isShownAnew = false } = change
  return !isShownAnew && [added, changed, removed, adjusted].every(({ length }) => length === 0)
}

/** What a personal server starts is known for each principal: its identity here is empty. */
function beginsAnew(former: ResolvedServer, server: ResolvedServer): boolean {
  return (
    former.identity !== server.identity ||
    former.isPersonal !== server.isPersonal ||
    former.config.sharing !== server.config.sharing ||
    former.config.roots !== server.config.roots ||
    former.config.placement !== server.config.placement ||
    differ([former.missing, former.unusable], [server.missing, server.unusable])
  )
}

/** Both were parsed by one schema, which gives keys their order. */
export function differ(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other)
}
