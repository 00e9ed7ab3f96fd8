/** The edge of `permissions.ts`: refuses what the caller may not do, before its body is read. */
import type { Context, MiddlewareHandler } from 'hono'
import { GatewayError, type ErrorCode } from '#protocol/errors.ts'
import { SECRET_NAME } from '#protocol/secrets.ts'
import { SERVER_NAME } from '#protocol/server-config.ts'
import { TENANT_NAME } from '#protocol/tenant.ts'
import type { AdminEnv } from './admin-env.ts'
import { decide, type Action } from './permissions.ts'

const KEY_ID = /^[0-9a-f]{8}$/
/** As `Actor` has them, and at most as long as a secret's owner may be. */
const PRINCIPAL = /^(token:[0-9a-f]{8}|jwt:[a-z0-9][a-z0-9-]{0,39}:.{1,960})$/s
/** In the path, the caller's own name. */
const ME = 'me'

/** Sets `tenant` and, for the audit log, `attempt`. Throws what the caller is answered. */
export function permit(action: Action): MiddlewareHandler<AdminEnv> {
  return async function permit(c, next) {
    const target = targetOf(c)
    c.set('attempt', { action, ...(target !== undefined && { target }) })
    const tenant = c.req.param('tenant')
    const principal = principalOf(c)
    const decision = decide(c.var.admin, {
      action,
      ...(tenant !== undefined && { tenant }),
      ...(principal !== undefined && { principal }),
    })
    if (!decision.isAllowed) throw refusal(decision)
    if (tenant !== undefined && !TENANT_NAME.test(tenant))
      throw new GatewayError('tenant_not_found')
    c.set('tenant', tenant ?? '')
    await next()
  }
}

export function requireServerName(c: Context<AdminEnv>): string {
  return requireForm(c.req.param('server'), SERVER_NAME, 'server_not_found')
}

export function requireKeyId(c: Context<AdminEnv>): string {
  return requireForm(c.req.param('keyId'), KEY_ID, 'token_not_found')
}

export function requireSecretName(c: Context<AdminEnv>): string {
  return requireForm(c.req.param('secret'), SECRET_NAME, 'secret_not_found')
}

/** The principal that the path names; `undefined` where it names none. Throws `invalid_params`. */
export function principalOf(c: Context<AdminEnv>): string | undefined {
  const named = c.req.param('principal')
  if (named === undefined) return undefined
  const { admin } = c.var
  if (named === ME && !admin.isOperator) return admin.verdict.principal
  if (PRINCIPAL.test(named)) return named
  const detail =
    named === ME ? 'the operator is no principal' : 'there is no principal of this form'
  throw new GatewayError('invalid_params', { detail })
}

/** Only what has the form of a name: somebody may have put a token into the path. */
function targetOf(c: Context<AdminEnv>): string | undefined {
  const { server, keyId, secret } = c.req.param() as Record<string, string | undefined>
  if (server !== undefined && SERVER_NAME.test(server)) return server
  if (keyId !== undefined && KEY_ID.test(keyId)) return keyId
  return secret !== undefined && SECRET_NAME.test(secret) ? secret : undefined
}

function requireForm(text = '', form: RegExp, code: ErrorCode): string {
  if (form.test(text)) return text
  throw new GatewayError(code)
}

function refusal({ code, scopes }: { code: ErrorCode; scopes?: readonly string[] }): GatewayError {
  return new GatewayError(code, { ...(scopes && { data: { scopes: [...scopes] } }) })
}
