/** Names as clients write them → names that can stand in a URL. Pure. */
import { createHash } from 'node:crypto'
import { SERVER_NAME } from '#protocol/server-config.ts'

const MAX_NAME_CHARS = 64
/** Of a hash of the former name: enough to tell the servers of one file apart. */
const HASH_CHARS = 8

/**
 * The same former name becomes the same name, in whatever alphabet it is written. `taken`: names that are
 * in use; valid names of the file are among them from the start, so that none of them gives way.
 */
export function toServerName(former: string, taken: ReadonlySet<string>): string {
  if (SERVER_NAME.test(former)) return former
  const hash = createHash('sha256').update(former).digest('hex').slice(0, HASH_CHARS)
  const slug = former
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '')
    .slice(0, MAX_NAME_CHARS)
  if (slug === '') return `server-${hash}`
  return taken.has(slug) ? `${slug.slice(0, MAX_NAME_CHARS - HASH_CHARS - 1)}-${hash}` : slug
}
