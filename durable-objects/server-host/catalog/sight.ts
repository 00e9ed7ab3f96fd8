/** What a client sees of a list, short enough to be kept: to tell whether a change is one for this client. Pure. */
import type { CatalogEntry } from './catalog-index.ts'
import { hash } from './naming.ts'

/** By server: a digest of its entries, in their order. */
export type Sight = ReadonlyMap<string, string>

export type Seen = Pick<CatalogEntry, 'server' | 'text'>

/** Entries are the same objects while their list is: what a digest of them costs is paid once. */
const digests = new WeakMap<Seen, string>()

export function toSight(entries: readonly Seen[]): Sight {
  const parts = new Map<string, string[]>()
  for (const entry of entries) {
    const digest = digestOf(entry)
    const known = parts.get(entry.server)
    if (known === undefined) parts.set(entry.server, [digest])
    else known.push(digest)
  }
  return new Map(Array.from(parts, ([server, all]) => [server, hash(all.join())]))
}

/** Servers of which something is not what it was. */
export function differing(before: Sight, after: Sight): string[] {
  const servers = new Set([...before.keys(), ...after.keys()])
  return [...servers].filter((server) => before.get(server) !== after.get(server))
}

export function differ(before: Sight, after: Sight): boolean {
  return differing(before, after).length > 0
}

function digestOf(entry: Seen): string {
  const known = digests.get(entry)
  if (known !== undefined) return known
  const digest = hash(entry.text)
  digests.set(entry, digest)
  return digest
}
