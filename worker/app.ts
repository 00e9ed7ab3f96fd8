/** The order in which a request meets things. */
import { Hono, type Context } from 'hono'
import { GatewayError, type ErrorCode } from '#protocol/errors.ts'
import { createAdminRoutes } from './admin/routes.ts'
import { createMetadataRoutes } from './auth/metadata.ts'
import { requireAdmin, requireTenant } from './auth/middleware.ts'
import { refuseRegistration } from './auth/registration.ts'
import { METADATA_PATH } from './auth/resource.ts'
import { authorizeCall, requireServer } from './authorization/middleware.ts'
import { discardBody } from './body.ts'
import type { AppEnv, CallRecord, Deps } from './context.ts'
import { toJSONErrorResponse, toRPCErrorResponse } from './errors.ts'
import { showFrontPage } from './front-page.ts'
import { checkHost, checkOrigin } from './mcp/origin.ts'
import { Batches } from './mcp/batch.ts'
import { createForward } from './mcp/forward.ts'
import { classifyCall, readMessage } from './mcp/read-call.ts'
import { routeCall } from './mcp/route-call.ts'
import { addSSERoutes } from './mcp/sse.ts'
import { createReadyRoute, health } from './operations.ts'
import { limitCalls } from './rate-limit/middleware.ts'
import { shieldFromFloods } from './rate-limit/shield.ts'

/** Failures of the gateway itself: their causes are logged. */
const FAULTS: ReadonlySet<ErrorCode> = new Set([
  'internal',
  'host_unavailable',
  'not_ready',
  'storage_full',
])
/** The object logs each call that it answers, and each that its client left. */
const LOGGED_BY_OBJECT: ReadonlySet<ErrorCode> = new Set(['call_cancelled', 'unauthorized'])
const ENDPOINT = /^(\/t\/[^/]+)?\/(mcp|sse|messages)(\/|$)/
/** How much of a refused body is read, in largest bodies. */
const DISCARDED_BODIES = 4

export function createApp(deps: Deps): Hono<AppEnv> {
  // A slash at the end of a path means nothing.
  const app = new Hono<AppEnv>({ strict: false })

  app.get('/health', health)
  app.use(async function openRecord(c, next) {
    c.set('record', newRecord())
    await next()
  })
  app.use(shieldFromFloods(deps))
  app.use(checkHost(deps))
  // Public, whatever page asks.
  app.route(METADATA_PATH, createMetadataRoutes(deps))
  app.use(checkOrigin(deps))
  app.get('/', showFrontPage)
  app.post('/register', refuseRegistration)

  app.use('/admin/*', requireAdmin(deps))
  app.route('/admin', createAdminRoutes(deps))

  const tenantOnly = requireTenant(deps)
  const batches = new Batches(async (request, c) => app.fetch(request, c.env, contextOf(c)))
  const reading = [readMessage(deps, batches), requireServer()] as const
  const classify = classifyCall(batches)
  const answering = [authorizeCall(), limitCalls(deps), createForward(deps)] as const
  for (const base of ['', '/t/:tenant']) {
    app.get(`${base}/ready`, tenantOnly, createReadyRoute(deps))
    app.all(`${base}/mcp/:server`, tenantOnly, ...reading, classify, ...answering)
    app.all(`${base}/mcp`, tenantOnly, ...reading, classify, routeCall(deps), ...answering)
    addSSERoutes(app, base, deps, {
      ...{ tenantOnly, reading: [readMessage(deps), requireServer()] },
      answering: [routeCall(deps), ...answering],
    })
  }

  app.notFound((c) => fail(deps, c, new GatewayError('not_found')))
  app.onError((error, c) => fail(deps, c, GatewayError.from(error)))
  return app
}

/** `undefined` outside of workerd, where there is none. */
function contextOf(c: Context<AppEnv>): Context['executionCtx'] | undefined {
  try {
    return c.executionCtx
  } catch {
    return undefined
  }
}

function newRecord(): CallRecord {
  return { requestId: crypto.randomUUID(), receivedAt: Date.now() }
}

async function fail(deps: Deps, c: Context<AppEnv>, error: GatewayError): Promise<Response> {
  const record = c.get('record') ?? newRecord()
  if (FAULTS.has(error.code)) deps.log.fault(record, error)
  if (!ENDPOINT.test(c.req.path)) return toJSONErrorResponse(error, record)
  const isLogged = record.forwarded === true && LOGGED_BY_OBJECT.has(error.code)
  if (!isLogged) deps.log.call(record, error.code)
  // A stranger's body is not worth reading.
  if (record.verdict) await discardBody(c.req.raw, DISCARDED_BODIES * deps.maxBodyBytes)
  return toRPCErrorResponse(error, record)
}
