/**
 * Names of the catalog: what each server's tool or prompt is called where all servers are one. The
 * names are unique, are written with what every client takes, and lead back to where they came from
 * by the map that this makes. Pure.
 */
import type { CatalogSettings } from '#protocol/catalog.ts'

/** What a name of the catalog stands for. */
export interface Origin {
  server: string
  /** As the server calls it. */
  name: string
  /** What it is called in the place of that. */
  shown?: string
}

export type NamingRules = Pick<CatalogSettings, 'naming' | 'separator' | 'priority'>

/** Some clients take no longer names. */
export const MAX_EXPOSED_CHARS = 64
const HASH_CHARS = 8

/** By exposed name. `origins` in any order: the names depend on what there is, not on the order. */
export function nameAll<O extends Origin>(
  origins: readonly O[],
  rules: NamingRules,
): Map<string, O> {
  const groups = new Map<string, O[]>()
  for (const [name, origin] of chooseNames(origins, rules)) {
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [origin])
    else group.push(origin)
  }
  const named = new Map<string, O>()
  for (const [name, group] of groups) {
    const isUnique = group.length === 1 && name.length <= MAX_EXPOSED_CHARS
    for (const origin of group) named.set(isUnique ? name : toHashed(name, origin), origin)
  }
  return named
}

/**
 * What a name stands for that no list has, where it can be told from the name alone: a server that
 * was never listed may have it.
 */
export function guessOrigin(
  exposed: string,
  servers: readonly string[],
  { separator }: NamingRules,
): Origin | undefined {
  const [server] = servers
    .filter((name) => exposed.startsWith(toClean(name) + separator))
    .sort((a, b) => b.length - a.length)
  if (server === undefined) return undefined
  const name = exposed.slice(toClean(server).length + separator.length)
  return name === '' ? undefined : { server, name }
}

function chooseNames<O extends Origin>(origins: readonly O[], rules: NamingRules): [string, O][] {
  const bare = (origin: Origin): string => toClean(origin.shown ?? origin.name)
  const full = (origin: Origin): string => toClean(origin.server) + rules.separator + bare(origin)
  if (rules.naming === 'always') return origins.map((origin) => [full(origin), origin])
  const owners = new Map<string, Set<string>>()
  for (const origin of origins) {
    const name = bare(origin)
    owners.set(name, (owners.get(name) ?? new Set()).add(origin.server))
  }
  return origins.map((origin) => {
    const name = bare(origin)
    const rivals = owners.get(name) ?? new Set()
    const keepsIt = rivals.size === 1 || firstOf(rivals, rules) === origin.server
    return [keepsIt ? name : full(origin), origin]
  })
}

/** Who keeps a bare name that several servers have. */
function firstOf(rivals: ReadonlySet<string>, { naming, priority }: NamingRules) {
  return naming === 'priority' ? priority.find((server) => rivals.has(server)) : undefined
}

function toClean(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/g, '_')
}

function toHashed(name: string, { server, name: own }: Origin): string {
  const head = name.slice(0, MAX_EXPOSED_CHARS - HASH_CHARS - 1)
  return `${head}_${hash(`${server}\0${own}`)}`
}

/** FNV-1a, 32 bits: it tells names apart that begin alike, and needs no wait. */
export function hash(text: string): string {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  }
  return (value >>> 0).toString(16).padStart(HASH_CHARS, '0')
}
