/** What a client sees of a list, short enough to be kept: to tell whether a change is one for this client. Pure. */
import type { CatalogEntry } from './catalog-index.ts'
import { hash } from './naming.ts'

/** By server: a digest of its entries, in their order. */
export type Sight = ReadonlyMap<string, string>

/** Entries are the same objects while their list is: what a digest of them costs is paid once. */
const digests = new WeakMap<CatalogEntry, string>()

export function toSight(entries: readonly CatalogEntry[]): Sight {
  const parts = new Map<string, string[]>()
  for (const entry of entries) {
    const digest = digestOf(entry)
    const known = parts.get(entry.server)
    if (known === undefined) parts.set(entry.server, [digest])
    else known.push(digest)
  }
  return new Map(Array.from(parts, ([server, all]) => [server, hash(all.join())]))
}

/** Whether something of a server that is looked at is not what it was. */
export function differ(before: Sight, after: Sight, counts: (server: string) => boolean): boolean {
  const servers = new Set([...before.keys(), ...after.keys()])
  return [...servers].some((server) => before.get(server) !== after.get(server) && counts(server))
}

function digestOf(entry: CatalogEntry): string {
  const known = digests.get(entry)
  if (known !== undefined) return known
  const digest = hash(entry.text)
  digests.set(entry, digest)
  return digest
}
