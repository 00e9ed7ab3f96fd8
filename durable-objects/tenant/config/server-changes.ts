/** What is different between two configurations of servers. Pure. */
import { GatewayError } from '#protocol/errors.ts'
import { describeKnownNames } from '#protocol/known-names.ts'
import type { ServerConfigs } from '#protocol/server-config.ts'

/** Names that an audit row lists of each kind. */
const MAX_NAMES = 20

/** For the audit log: names alone, since an `env` may hold secrets. */
export function describeChanges(
  before: ServerConfigs,
  after: ServerConfigs,
): Record<string, string[]> {
  const names = Object.keys(after)
  const kinds = {
    added: names.filter((name) => !Object.hasOwn(before, name)),
    changed: names.filter((name) => Object.hasOwn(before, name) && differ(before, after, name)),
    removed: Object.keys(before).filter((name) => !Object.hasOwn(after, name)),
  }
  const shown = Object.entries(kinds).filter(([, list]) => list.length > 0)
  return Object.fromEntries(shown.map(([kind, list]) => [kind, shorten(list)]))
}

/** The server whose `limits` are not those that it had; a new server had none. */
export function findChangedLimits(before: ServerConfigs, after: ServerConfigs): string | undefined {
  return Object.keys(after).find((name) => {
    const had = Object.hasOwn(before, name) ? before[name]?.limits : undefined
    return JSON.stringify(had ?? []) !== JSON.stringify(after[name]?.limits ?? [])
  })
}

/** Throws `server_not_found` with the nearest name. */
export function withoutServer(servers: ServerConfigs, name: string): ServerConfigs {
  if (!Object.hasOwn(servers, name)) {
    const detail = describeKnownNames(name, Object.keys(servers))
    throw new GatewayError('server_not_found', { detail })
  }
  const { [name]: _, ...others } = servers
  return others
}

function differ(before: ServerConfigs, after: ServerConfigs, name: string): boolean {
  // Both were parsed by one schema, which gives keys their order.
  return JSON.stringify(before[name]) !== JSON.stringify(after[name])
}

function shorten(names: string[]): string[] {
  if (names.length <= MAX_NAMES) return names
  return [...names.slice(0, MAX_NAMES), `and ${names.length - MAX_NAMES} more`]
}
