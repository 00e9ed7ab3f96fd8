/** `/admin/tenants/{tenant}/audit`: a page of events, or all of them as JSON Lines. */
import { Hono, type Context } from 'hono'
import { AuditQueryParameters } from '#protocol/admin.ts'
import type { AuditEvent, Page } from '#protocol/tenant.ts'
import type { AuditQuery } from '#protocol/tenant-stub.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'
import { found } from './found.ts'
import { permit } from './permit.ts'
import { readQuery } from './request.ts'

const AUDIT = '/tenants/:tenant/audit'
/** Of an export; each is one question to the object. */
const EXPORT_PAGE_EVENTS = 1_000
const JSON_LINES = 'application/x-ndjson'
const JSON_LINES_NAMES = [JSON_LINES, 'application/jsonl', 'application/ndjson']

type AskPage = (cursor: string | undefined) => Promise<Page<AuditEvent>>

export function createAuditRoutes(deps: AdminDeps): Hono<AdminEnv> {
  const routes = new Hono<AdminEnv>()

  routes.get(AUDIT, permit('audit.get'), async function getAudit(c) {
    const { format, ...query } = readQuery(c, AuditQueryParameters)
    const ask = (page: AuditQuery) => found(() => deps.tenant(c.var.tenant).audit(page))
    if (format === 'json' && !acceptsJSONLines(c)) return c.json(await ask(query))
    const { limit: _, cursor: first, ...filter } = query
    const next: AskPage = (cursor) =>
      ask({ ...filter, limit: EXPORT_PAGE_EVENTS, ...(cursor !== undefined && { cursor }) })
    // Before the response, so that a failure has its status.
    const page = await next(first)
    return c.body(toLines(page, next), 200, { 'Content-Type': JSON_LINES })
  })

  return routes
}

function acceptsJSONLines(c: Context<AdminEnv>): boolean {
  const accept = c.req.header('Accept')?.toLowerCase() ?? ''
  return JSON_LINES_NAMES.some((name) => accept.includes(name))
}

/** A page is asked for when the one before was read. A failure cuts the stream short. */
function toLines(first: Page<AuditEvent>, next: AskPage): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let page: Page<AuditEvent> | undefined = first
  return new ReadableStream(
    {
      async pull(controller) {
        if (page === undefined) return controller.close()
        const { items, cursor } = page
        const lines = items.map((event) => `${JSON.stringify(event)}\n`).join('')
        if (lines !== '') controller.enqueue(encoder.encode(lines))
        page = cursor === undefined ? undefined : await next(cursor)
        if (page === undefined) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}
