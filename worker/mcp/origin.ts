/**
 * Which pages and which host names may reach the endpoint. A page of another site must not drive
 * a local gateway through the visitor's browser, nor by DNS rebinding, where the browser sends the
 * attacker's name in `Host` (streamable-http, Security Warning).
 */
import type { MiddlewareHandler } from 'hono'
import { isAllowedOrigin, readAllowedOrigin } from '#protocol/allowed-origins.ts'
import { GatewayError } from '#protocol/errors.ts'
import { ENDPOINT_METHODS } from '../errors.ts'
import type { AppEnv, Deps } from '../context.ts'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])
const ANY_HOST = '*'
const EXPOSED_HEADERS =
  'Mcp-Session-Id, WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id'
const HEADER_NAMES = /^[A-Za-z0-9, _-]{1,2048}$/
const ASKS_PRIVATE = 'Access-Control-Request-Private-Network'
const ALLOWS_PRIVATE = 'Access-Control-Allow-Private-Network'
const NOT_ADMIN = 'the admin API is not for pages of another origin'
const NO_ORIGINS: ReadonlySet<string> = new Set()
const ADMIN = /^\/admin(\/|$)/
const PREFLIGHT_MAX_AGE_SECONDS = '600'

type OriginDeps = Pick<Deps, 'allowedHosts' | 'allowedOrigins'>

export function isHostAllowed(host: string, allowedHosts: Deps['allowedHosts']): boolean {
  if (allowedHosts === undefined || allowedHosts.has(ANY_HOST)) return true
  return isNamed(host, allowedHosts)
}

/** `host` is the request's own, with its port. */
export function isOriginAllowed(origin: string, host: string, deps: OriginDeps): boolean {
  if (isAllowedOrigin(origin, deps.allowedOrigins)) return true
  // Where any Host is taken, agreement of Origin and Host proves nothing: a rebound name has it, too.
  if (deps.allowedHosts !== undefined && !isNamed(host, deps.allowedHosts)) return false
  const given = origin.toLowerCase()
  const own = host.toLowerCase()
  return given === `http://${own}` || given === `https://${own}`
}

/** Throws `origin_forbidden` for foreign hosts. */
export function requireHost(request: Request, { allowedHosts }: OriginDeps): void {
  if (allowedHosts === undefined || isHostAllowed(hostOf(request), allowedHosts)) return
  throw new GatewayError('origin_forbidden', { detail: 'this Host is not served here' })
}

/** The origin of the page that asks, `null` for what is no page. Throws `origin_forbidden` for foreign ones. */
export function requireOrigin(request: Request, deps: OriginDeps): string | null {
  const origin = request.headers.get('Origin')
  if (origin === null || isOriginAllowed(origin, hostOf(request), deps)) return origin
  throw toRefusal(origin, deps)
}

/** Refuses foreign hosts. */
export function checkHost(deps: OriginDeps): MiddlewareHandler<AppEnv> {
  return async function checkHost(c, next) {
    requireHost(c.req.raw, deps)
    await next()
  }
}

/**
 * Refuses foreign origins, answers preflights, and lets an allowed page read answers. Behind `checkHost`. The
 * admin API is for pages of the gateway's own origin: a page that may call tools need not configure what runs.
 */
export function checkOrigin(deps: OriginDeps): MiddlewareHandler<AppEnv> {
  return async function checkOrigin(c, next) {
    const request = c.req.raw
    const origin = ADMIN.test(c.req.path)
      ? requireOwnOrigin(request, deps)
      : requireOrigin(request, deps)
    if (origin === null) return next()
    if (request.method === 'OPTIONS') return answerPreflight(origin, request)
    await next()
    c.res = letRead(c.res, origin)
  }
}

function requireOwnOrigin(request: Request, { allowedHosts }: OriginDeps): string | null {
  const origin = request.headers.get('Origin')
  const ownAlone = { allowedHosts, allowedOrigins: NO_ORIGINS }
  if (origin === null || isOriginAllowed(origin, hostOf(request), ownAlone)) return origin
  throw new GatewayError('origin_forbidden', { detail: NOT_ADMIN })
}

/** Which option would let it in. */
function toRefusal(origin: string, { allowedHosts }: OriginDeps): GatewayError {
  const named = readAllowedOrigin(origin) ?? ''
  const option = allowedHosts === undefined ? 'ALLOWED_ORIGINS' : '--allow-origin'
  const detail = `pages of another origin need ${option}${named && ` ${named}`}`
  return new GatewayError('origin_forbidden', { detail })
}

function hostOf({ headers, url }: Request): string {
  return headers.get('Host') ?? new URL(url).host
}

function isNamed(host: string, names: ReadonlySet<string>): boolean {
  const name = host.replace(/:\d*$/, '').toLowerCase()
  return LOOPBACK.has(name) || names.has(name)
}

export function answerPreflight(origin: string, { headers: request }: Request): Response {
  const headers = new Headers({
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Methods': ENDPOINT_METHODS,
    'Access-Control-Max-Age': PREFLIGHT_MAX_AGE_SECONDS,
    Vary: `Origin, Access-Control-Request-Headers, ${ASKS_PRIVATE}`,
  })
  // Echoed, since no list can name every Mcp-Param header.
  const asked = request.get('Access-Control-Request-Headers') ?? ''
  if (HEADER_NAMES.test(asked)) headers.set('Access-Control-Allow-Headers', asked)
  // A page of the internet asks for a gateway on its visitor's machine.
  if (request.get(ASKS_PRIVATE) === 'true') headers.set(ALLOWS_PRIVATE, 'true')
  return new Response(null, { status: 204, headers })
}

/** The same response, which the page may read. */
export function letRead(response: Response, origin: string): Response {
  const readable = new Response(response.body, response)
  readable.headers.set('Access-Control-Allow-Origin', origin)
  readable.headers.set('Access-Control-Expose-Headers', EXPOSED_HEADERS)
  readable.headers.append('Vary', 'Origin')
  return readable
}
