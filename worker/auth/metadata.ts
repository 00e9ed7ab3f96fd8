/** `/.well-known/oauth-protected-resource/t/{tenant}…`: where tokens for a resource come from (RFC 9728). */
import { Hono, type Context, type MiddlewareHandler } from 'hono'
import { CATALOG } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { AppEnv, Deps } from '../context.ts'
import { namedServer } from '../mcp/named-server.ts'
import { trustOf, type AuthDeps } from './authenticate.ts'
import { toMetadata, toResource } from './resource.ts'

/** Clients may keep it that long. */
const CACHE_CONTROL = 'public, max-age=60'
const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET',
  // MCP clients in browsers send MCP-Protocol-Version.
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Max-Age': '600',
}

type MetadataDeps = Pick<AuthDeps, 'tenant' | 'knownTenants' | 'trusts'> &
  Pick<Deps, 'publicOrigin'>

/**
 * 404 for a tenant that announces no authorization server, as for one that does not exist. Which servers a
 * tenant has is not told: each name that one could have gets the same answer.
 */
export function createMetadataRoutes(deps: MetadataDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>()
  routes.use('/t/*', letAnyoneRead)
  routes.get('/t/:tenant', (c) => answer(deps, c))
  routes.get('/t/:tenant/mcp', (c) => answer(deps, c, CATALOG))
  routes.get('/t/:tenant/mcp/:server', (c) => answer(deps, c, namedServer(c)))
  return routes
}

/** The document is public, and pages that bring their own token need it. */
const letAnyoneRead: MiddlewareHandler<AppEnv> = async function letAnyoneRead(c, next) {
  if (c.req.raw.method === 'OPTIONS')
    c.res = new Response(null, { status: 204, headers: PREFLIGHT })
  else await next()
  c.res = new Response(c.res.body, c.res)
  c.res.headers.set('Access-Control-Allow-Origin', '*')
}

async function answer(deps: MetadataDeps, c: Context<AppEnv>, server?: string): Promise<Response> {
  const tenant = c.req.param('tenant') ?? ''
  const resource = toResource(deps.publicOrigin ?? new URL(c.req.url).origin, tenant, server)
  if (resource === undefined || resource.server !== server) throw new GatewayError('not_found')
  const { value: trust } = await trustOf(deps, tenant, Date.now())
  const servers = trust?.policy.authorizationServers ?? []
  if (servers.length === 0) throw new GatewayError('not_found')
  const { requestId } = c.var.record
  const headers = { 'Cache-Control': CACHE_CONTROL, 'X-Request-Id': requestId }
  return Response.json(toMetadata(resource, servers), { headers })
}
