/** `/admin`: the control plane. Behind `requireAdmin`, which says who asks. */
import { Hono } from 'hono'
import { GatewayError } from '#protocol/errors.ts'
import { isLost, isOverloaded, toStorageFault } from '../durable-call.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'
import { createAuditRoutes } from './audit.ts'
import { createCatalogRoutes } from './catalog.ts'
import { requireTenantThere } from './found.ts'
import { createIssuerRoutes } from './issuers.ts'
import { createLimitRoutes } from './limits.ts'
import { recordRefusals } from './refusals.ts'
import { createRoutingRoutes } from './routing.ts'
import { createRuntimeRoutes } from './runtime.ts'
import { createSecretRoutes } from './secrets.ts'
import { createServerRoutes } from './servers.ts'
import { createTenantRoutes } from './tenants.ts'
import { createTokenRoutes } from './tokens.ts'
import { createToolRoutes } from './tools.ts'

const RETRY_AFTER_MS = 1000

export function createAdminRoutes(deps: AdminDeps): Hono<AdminEnv> {
  const admin = new Hono<AdminEnv>()

  admin.use(async function forbidStoring(c, next) {
    await next()
    c.header('Cache-Control', 'no-store')
    c.header('X-Request-Id', c.var.record.requestId)
  })
  admin.use(recordRefusals(deps))
  admin.use('/tenants/:tenant/*', requireTenantThere(deps))
  for (const create of [
    createTenantRoutes,
    createServerRoutes,
    createTokenRoutes,
    createSecretRoutes,
    createCatalogRoutes,
    createToolRoutes,
    createRoutingRoutes,
    createLimitRoutes,
    createIssuerRoutes,
    createAuditRoutes,
    createRuntimeRoutes,
  ]) {
    admin.route('/', create(deps))
  }
  admin.onError((error) => {
    throw toFault(error)
  })
  return admin
}

/** A change may have come about all the same; each of them may be made again. */
function toFault(error: Error): Error {
  const fault = toStorageFault(error)
  if (fault !== undefined) return fault
  if (!isLost(error) && !isOverloaded(error)) return error
  return new GatewayError('not_ready', { cause: error, retryAfterMs: RETRY_AFTER_MS })
}
