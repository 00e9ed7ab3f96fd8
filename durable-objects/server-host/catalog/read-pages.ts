/** All pages of a server's list. */
import type { Entry } from './entries.ts'

export interface EntriesPage {
  entries: Entry[]
  /** `result.nextCursor` */
  nextCursor: unknown
}

/** A server that lists more is read no further. */
const MAX_PAGES = 50
const MAX_ENTRIES = 10_000

/** `read` is given the params of each request. */
export async function readPages(
  read: (params: Record<string, unknown>) => Promise<EntriesPage>,
): Promise<Entry[]> {
  const all: Entry[] = []
  let cursor: unknown
  for (let page = 0; page < MAX_PAGES && all.length < MAX_ENTRIES; page++) {
    const { entries, nextCursor } = await read(cursor === undefined ? {} : { cursor })
    all.push(...entries)
    cursor = nextCursor
    if (typeof cursor !== 'string') break
  }
  return all.slice(0, MAX_ENTRIES)
}
