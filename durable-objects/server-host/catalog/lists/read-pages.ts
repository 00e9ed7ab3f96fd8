/** All pages of a server's list. */
import { Cursors } from '../../processes/cursors.ts'
import type { EntriesPage, Entry } from '../entries.ts'

export interface WholeList {
  /** One of each name. */
  entries: Entry[]
  /** What was left out, and why. */
  notes: string[]
}

/** A server that lists more is read no further. */
const MAX_ENTRIES = 10_000

/** `read` is given the params of each request. */
export async function readPages(
  read: (params: Record<string, unknown>) => Promise<EntriesPage>,
): Promise<WholeList> {
  const byName = new Map<string, Entry>()
  const cursors = new Cursors()
  const faults = new Set<string>()
  let [cursor, unnamed, repeated]: [string | undefined, number, number] = [undefined, 0, 0]
  do {
    const page = await read(cursor === undefined ? {} : { cursor })
    const before = byName.size
    for (const entry of page.entries) if (!byName.has(entry.name)) byName.set(entry.name, entry)
    const added = byName.size - before
    if (page.fault !== undefined) faults.add(page.fault)
    unnamed += page.unnamed
    cursor = cursors.next(page.nextCursor, added === 0 && page.entries.length > 0)
    // Of a page that only repeats others it is said already.
    if (cursors.cut === undefined || added > 0) repeated += page.entries.length - added
  } while (cursor !== undefined && byName.size < MAX_ENTRIES)
  if (cursor !== undefined || byName.size > MAX_ENTRIES) {
    faults.add(`only its first ${MAX_ENTRIES} entries are taken`)
  }
  return {
    entries: [...byName.values()].slice(0, MAX_ENTRIES),
    notes: [
      ...faults,
      ...(cursors.cut === undefined ? [] : [cursors.cut]),
      ...(unnamed > 0 ? [`${unnamed} of its entries have no name`] : []),
      ...(repeated > 0
        ? [`${repeated} of its entries came twice: the first of each is taken`]
        : []),
    ],
  }
}
