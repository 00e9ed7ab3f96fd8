/** The order in which a request meets things. */
import { Hono, type Context } from 'hono'
import { GatewayError, type ErrorCode } from '#protocol/errors.ts'
import { createAdminRoutes } from './admin/routes.ts'
import { requireAdmin, requireTenant } from './auth/middleware.ts'
import { discardBody } from './body.ts'
import type { AppEnv, CallRecord, Deps } from './context.ts'
import { toJSONErrorResponse, toRPCErrorResponse } from './errors.ts'
import { checkOrigin } from './mcp/origin.ts'
import { createMCPRoute } from './mcp/route.ts'
import { createReadyRoute, health } from './operations.ts'

/** Failures of the gateway itself: their causes are logged. */
const FAULTS: ReadonlySet<ErrorCode> = new Set(['internal', 'host_unavailable', 'not_ready'])
/** How much of a refused body is read, in largest bodies. */
const DISCARDED_BODIES = 4

export function createApp(deps: Deps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.get('/health', health)
  app.use(async function openRecord(c, next) {
    c.set('record', newRecord())
    await next()
  })
  app.use(checkOrigin(deps))

  app.use('/admin/*', requireAdmin(deps))
  app.route('/admin', createAdminRoutes(deps))

  const tenantOnly = requireTenant(deps)
  app.get('/ready', tenantOnly, createReadyRoute(deps))
  app.all('/mcp/:server', tenantOnly, createMCPRoute(deps))

  app.notFound((c) => fail(deps, c, new GatewayError('not_found')))
  app.onError((error, c) => fail(deps, c, GatewayError.from(error)))
  return app
}

function newRecord(): CallRecord {
  return { requestId: crypto.randomUUID(), receivedAt: Date.now() }
}

async function fail(deps: Deps, c: Context<AppEnv>, error: GatewayError): Promise<Response> {
  const record = c.get('record') ?? newRecord()
  if (FAULTS.has(error.code)) deps.log.fault(record, error)
  if (!c.req.path.startsWith('/mcp/')) return toJSONErrorResponse(error, record)
  // The object logs each call that it answers, and each that its client left.
  if (!record.forwarded || error.code !== 'call_cancelled') deps.log.call(record, error.code)
  // A stranger's body is not worth reading.
  if (record.verdict) await discardBody(c.req.raw, DISCARDED_BODIES * deps.maxBodyBytes)
  return toRPCErrorResponse(error, record)
}
