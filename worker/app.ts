/** Which URL leads where. */
import { Hono, type Context } from 'hono'
import { GatewayError } from '#protocol/errors.ts'
import { createAdminRoutes } from './admin/routes.ts'
import { createMetadataRoutes } from './auth/metadata.ts'
import { requireAdmin, requireTenant } from './auth/middleware.ts'
import { refuseRegistration } from './auth/registration.ts'
import { METADATA_PATH } from './auth/resource.ts'
import type { AppEnv, Deps } from './context.ts'
import { toJSONErrorResponse } from './errors.ts'
import { showFrontPage } from './front-page.ts'
import { Batches } from './mcp/batch.ts'
import { checkHost, checkOrigin } from './mcp/origin.ts'
import { asStreamableHTTP, createMessagesOfSSE, openingOfSSE } from './mcp/sse.ts'
import { streamableHTTP } from './mcp/streamable-http.ts'
import { createReadyRoute, health } from './health.ts'
import { createCallLimits } from './rate-limit/call-limits.ts'
import { shieldFromFloods } from './rate-limit/shield.ts'
import { logFault, refuseCall } from './refuse.ts'
import { createServeCall } from './serve-call.ts'
import { newRecord } from './telemetry/record.ts'

const ENDPOINT = /^(\/t\/[^/]+)?\/(mcp|sse|messages)(\/|$)/

export function createApp(deps: Deps): Hono<AppEnv> {
  // A slash at the end of a path means nothing.
  const app = new Hono<AppEnv>({ strict: false })
  app.get('/health', health)
  addEndpoints(app, deps)
  // The layers of the others come later, so that no call of an endpoint passes them.
  addOtherRoutes(app, deps)
  return app
}

/** Each has one handler, which lists the steps of a call. */
function addEndpoints(app: Hono<AppEnv>, deps: Deps): void {
  const batches = new Batches(async (request, c) => app.fetch(request, c.env, contextOf(c)))
  const endpoints = { deps, limits: createCallLimits(deps), batches }
  const serve = createServeCall(endpoints, streamableHTTP)
  const open = createServeCall(endpoints, openingOfSSE)
  const takeMessage = createServeCall(endpoints, createMessagesOfSSE(deps))
  for (const base of ['', '/t/:tenant']) {
    for (const server of ['', '/:server']) {
      app.all(`${base}/mcp${server}`, serve)
      app.all(`${base}/sse${server}`, open)
      app.all(`${base}/messages${server}`, (c, next) => {
        c.req.raw = asStreamableHTTP(c)
        return takeMessage(c, next)
      })
    }
  }
}

function addOtherRoutes(app: Hono<AppEnv>, deps: Deps): void {
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
  for (const base of ['', '/t/:tenant']) {
    app.get(`${base}/ready`, requireTenant(deps), createReadyRoute(deps))
  }

  app.notFound((c) => fail(deps, c, new GatewayError('not_found')))
  app.onError((error, c) => fail(deps, c, GatewayError.from(error)))
}

/** `undefined` outside of workerd, where there is none. */
function contextOf(c: Context<AppEnv>): Context['executionCtx'] | undefined {
  try {
    return c.executionCtx
  } catch {
    return undefined
  }
}

async function fail(deps: Deps, c: Context<AppEnv>, error: GatewayError): Promise<Response> {
  const record = c.get('record') ?? newRecord()
  if (ENDPOINT.test(c.req.path)) return refuseCall(deps, c.req.raw, record, error)
  logFault(deps, record, error)
  return toJSONErrorResponse(error, record)
}
