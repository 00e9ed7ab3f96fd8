/**
 * Who may do what in the control plane: one table. The operator may do everything; a principal only
 * what its scopes name, and only in its own tenant. Pure.
 */
import { holdsScope } from '#protocol/access.ts'
import type { ErrorCode } from '#protocol/errors.ts'
import type { Admin } from '../context.ts'

const SERVERS = ['admin:servers']
const TOKENS = ['admin:tokens']
const SECRETS = ['admin:secrets']
const AUDIT = ['admin:audit']
const ANY_PART = [...SERVERS, ...TOKENS, ...SECRETS, ...AUDIT]
const OPERATOR_ALONE: string[] = []

/** Names as in the audit log. One of the scopes is enough; `admin` holds each of them. */
const SCOPES = {
  'tenants.list': OPERATOR_ALONE,
  'tenant.create': OPERATOR_ALONE,
  'tenant.get': ANY_PART,
  'tenant.delete': OPERATOR_ALONE,
  'tenant.drain': OPERATOR_ALONE,
  'tenant.warm': OPERATOR_ALONE,
  'status.get': SERVERS,
  'origins.get': SERVERS,
  'console.get': SERVERS,
  'servers.get': SERVERS,
  'servers.put': SERVERS,
  'server.get': SERVERS,
  'server.put': SERVERS,
  'server.delete': SERVERS,
  'tokens.get': TOKENS,
  'token.create': TOKENS,
  'token.rotate': TOKENS,
  'token.revoke': TOKENS,
  'secrets.get': SECRETS,
  'secret.put': SECRETS,
  'secret.delete': SECRETS,
  'secrets.rewrap': SECRETS,
  'catalog.get': SERVERS,
  'catalog.put': SERVERS,
  'tools.get': SERVERS,
  'tool.approve': SERVERS,
  'routes.get': SERVERS,
  'routes.put': SERVERS,
  'explain.get': SERVERS,
  'limits.get': ANY_PART,
  'limits.put': OPERATOR_ALONE,
  'issuers.get': OPERATOR_ALONE,
  'issuers.put': OPERATOR_ALONE,
  'audit.get': AUDIT,
} as const satisfies Record<string, readonly string[]>

export type Action = keyof typeof SCOPES

/** Enough for what concerns the caller's own secrets. */
const OWN_SECRETS = 'secrets'

export interface Attempt {
  action: Action
  /** Absent where no tenant is named. */
  tenant?: string
  /** Whose secrets; absent for the tenant's own. */
  principal?: string
}

export type Decision =
  { isAllowed: true } | { isAllowed: false; code: ErrorCode; scopes?: readonly string[] }

/** Another tenant's name is to a principal as one that no tenant has. */
export function decide(admin: Admin, { action, tenant, principal }: Attempt): Decision {
  if (admin.isOperator) return { isAllowed: true }
  const { verdict } = admin
  if (tenant !== undefined && tenant !== verdict.tenant) {
    return { isAllowed: false, code: 'tenant_not_found' }
  }
  const isOwn = principal === verdict.principal
  const scopes: readonly string[] = isOwn ? [OWN_SECRETS, ...SCOPES[action]] : SCOPES[action]
  if (scopes.some((scope) => holdsScope(verdict.grants, scope))) return { isAllowed: true }
  return { isAllowed: false, code: 'forbidden', ...(scopes.length > 0 && { scopes }) }
}

/** Whether it changes something; the others only read. */
export function isChange(action: Action): boolean {
  return !/\.(get|list)$/.test(action)
}
