/** One page of a list of the catalog (2025-11-25 and 2026-07-28, server/utilities/pagination). Pure. */
import { GatewayError, toErrorObject } from '#protocol/errors.ts'
import type { Era } from '#protocol/mcp.ts'
import type { CatalogEntry } from './catalog-index.ts'
import { LISTS, type ListKind } from '../translate/list-kinds.ts'

/** A server whose part of a list is not there. */
export interface Missing {
  server: string
  error: GatewayError
}

/** A server whose part is there, but for something. */
export interface Incomplete {
  server: string
  /** What is left out, and why. */
  message: string
}

export interface PageOptions {
  era: Era
  pageSize: number
  /** `params.cursor` */
  cursor: unknown
  missing: readonly Missing[]
  incomplete: readonly Incomplete[]
  /** More for `_meta`. */
  meta?: Record<string, unknown>
}

/** How long a modern client may keep a list; a change is told at once to those who listen. */
const CLIENT_TTL_MS = 60_000
const MAX_CURSOR_CHARS = 20_000

const encoder = new TextEncoder()

/** The result as JSON. Throws `invalid_params` for a cursor that no page had. */
export function writePage(
  entries: readonly CatalogEntry[],
  kind: ListKind,
  options: PageOptions,
): string {
  const { cursor, pageSize, missing, incomplete, era } = options
  const meta = {
    ...(missing.length > 0 && toMeta(missing)),
    ...(incomplete.length > 0 && { 'hearth/incomplete': incomplete }),
    ...options.meta,
  }
  const after = cursor === undefined ? undefined : readCursor(cursor)
  const start = after === undefined ? 0 : entries.findIndex(({ exposed }) => exposed > after)
  const page = start < 0 ? [] : entries.slice(start, start + pageSize)
  const last = page.at(-1)
  const hasMore = last !== undefined && start + pageSize < entries.length
  const members = [
    `"${LISTS[kind].member}":[${page.map(({ text }) => text).join(',')}]`,
    ...(hasMore ? [`"nextCursor":${JSON.stringify(toCursor(last.exposed))}`] : []),
    ...(era === 'modern' ? modernMembers(missing.length === 0) : []),
    ...(Object.keys(meta).length > 0 ? [`"_meta":${JSON.stringify(meta)}`] : []),
  ]
  return `{${members.join(',')}}`
}

/** Principals see different lists, so none is another's. */
function modernMembers(isWhole: boolean): string[] {
  return [
    '"resultType":"complete"',
    `"ttlMs":${isWhole ? CLIENT_TTL_MS : 0}`,
    '"cacheScope":"private"',
  ]
}

function toMeta(missing: readonly Missing[]): Record<string, unknown> {
  return {
    'hearth/missing': missing.map(({ server, error }) => {
      const { message, data } = toErrorObject(error)
      return { server, message, ...data }
    }),
  }
}

/** A cursor is the last name before it, so that it means the same when the list has changed. */
function toCursor(name: string): string {
  return btoa(String.fromCharCode(...encoder.encode(name)))
}

function readCursor(cursor: unknown): string {
  if (typeof cursor === 'string' && cursor.length <= MAX_CURSOR_CHARS) {
    try {
      const bytes = Uint8Array.from(atob(cursor), (char) => char.charCodeAt(0))
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch {
      // Falls through to the error below.
    }
  }
  throw new GatewayError('invalid_params', { detail: 'the cursor is none of this list' })
}
