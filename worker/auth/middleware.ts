/** Who is calling: a tenant's token, or the control plane's. */
import type { MiddlewareHandler } from 'hono'
import { GatewayError } from '#protocol/errors.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { AppEnv, Deps } from '../context.ts'
import { isLost, isOverloaded, repeatWhenLost } from '../durable-call.ts'
import { parseBearer, parseToken } from './bearer.ts'

const RETRY_AFTER_MS = 1000

type AuthDeps = Pick<Deps, 'tenant' | 'verdicts'>

/** Sets the record's verdict, or answers 401. */
export function requireTenant(deps: AuthDeps): MiddlewareHandler<AppEnv> {
  return async function requireTenant(c, next) {
    const token = requireToken(c.req.raw)
    const verdict = await authenticate(deps, token, Date.now())
    if (verdict === undefined) throw unauthorized('invalid_token')
    c.get('record').verdict = verdict
    await next()
  }
}

export function requireAdmin(deps: Pick<Deps, 'adminToken'>): MiddlewareHandler<AppEnv> {
  return async function requireAdmin(c, next) {
    const token = requireToken(c.req.raw)
    if (!(await isSameText(deps.adminToken, token))) throw unauthorized('invalid_token')
    await next()
  }
}

/** Asks the Tenant object, unless the answer is known. */
async function authenticate(
  { tenant, verdicts }: AuthDeps,
  token: string,
  now: number,
): Promise<Verdict | undefined> {
  const known = verdicts.get(token, now)
  if (known !== undefined) return known.verdict
  const parts = parseToken(token)
  if (parts === undefined) return undefined
  const verdict = await repeatWhenLost(() =>
    tenant(parts.tenant).authenticate(parts.keyId, parts.secret),
  ).catch((error: unknown) => {
    if (!isLost(error) && !isOverloaded(error)) throw error
    throw new GatewayError('not_ready', { cause: error, retryAfterMs: RETRY_AFTER_MS })
  })
  verdicts.put(token, parts.tenant, verdict, now)
  return verdict
}

function requireToken(request: Request): string {
  const header = request.headers.get('Authorization')
  const token = parseBearer(header)
  if (token === undefined) throw unauthorized(header === null ? 'no_token' : 'invalid_token')
  return token
}

function unauthorized(reason: 'no_token' | 'invalid_token'): GatewayError {
  return new GatewayError('unauthorized', { data: { reason } })
}

/** Constant time: `subtle.verify` compares MACs under a key that is made for this comparison. */
async function isSameText(expected: string, given: string): Promise<boolean> {
  if (expected === '') return false
  const encoder = new TextEncoder()
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const random = crypto.getRandomValues(new Uint8Array(32))
  const key = await crypto.subtle.importKey('raw', random, hmac, false, ['sign', 'verify'])
  const mac = await crypto.subtle.sign('HMAC', key, encoder.encode(expected))
  return crypto.subtle.verify('HMAC', key, mac, encoder.encode(given))
}
