/** What the worker, the Tenant object and the ServerHost object agree on about a tenant. */
import type { CatalogSettings } from './catalog.ts'
import type { ErrorCode } from './errors.ts'
import type { Issuer, Issuers } from './issuers.ts'
import type { Limits } from './limits.ts'
import type { RemoteTarget } from './remote/remote.ts'
import type { Routes } from './routes.ts'
import type { Grants } from './scopes.ts'
import type { ServerConfig } from './server-config.ts'

/** No underscore: it separates the parts of a token. */
export const TENANT_NAME = /^[a-z0-9][a-z0-9-]{0,39}$/

/** `hearth_{tenant}_{keyId}_{secret}`: 8 characters of key id, 64 of secret, lowercase hex. */
export const TOKEN = /^hearth_([a-z0-9][a-z0-9-]{0,39})_([0-9a-f]{8})_([0-9a-f]{64})$/

/** Of the server host that calls go to, and that servers are in where their configuration says nothing. */
export const MAIN_PLACEMENT = 'main'

/** A tenant's server host: `v1:{tenant}:{placement}`. `v1` is the escape hatch for a stuck object. */
export function serverHostName(tenant: string, placement = MAIN_PLACEMENT): string {
  return `v1:${tenant}:${placement}`
}

/** `{placement}.{32 hex characters}`; says which server host keeps the session, not whose it is. */
export const SESSION_ID = /^([a-z0-9-]{1,32})\.([0-9a-f]{32})$/

/** Who is calling, and what the worker must know of its tenant; cached in the isolate. */
export interface Verdict {
  tenant: string
  /** `token:{id}`, the same after a rotation, or `jwt:{issuer}:{subject}`. A session is its principal's. */
  principal: string
  /** What a revocation names: `token:{keyId}`, or the principal of a JWT. */
  credential: string
  grants: Grants
  /** `Date.now()` at which the credential ends. */
  expiresAt?: number
  policy: TenantPolicy
}

/** What the worker must know of a tenant to decide about any of its calls. */
export interface TenantPolicy {
  /** Grows with every change of the tenant's servers and secrets. */
  configVersion: number
  /** The enabled servers. */
  servers: Record<string, ServerPolicy>
  catalog: CatalogSettings
  routes: Routes
  limits: Limits
  /** Objects that count for this tenant; each principal is counted by one of them. */
  limiterShards: number
  /** URLs of the authorization servers that its endpoints announce (RFC 9728). */
  authorizationServers: string[]
}

export interface ServerPolicy {
  /** Patterns of the tools that there are, and of those that there are not, whoever calls. */
  tools?: { allow?: string[]; deny?: string[] }
  /** A principal needs all of them, beside what grants it the server. */
  requiredScopes: string[]
  /** In the place of the tenant's limits of the same name. */
  limits: Limits
}

/** What it takes to check a JWT. */
export interface Trust {
  policy: TenantPolicy
  /** HS256 keys are in it: `keys.secret` is resolved to `{ value }`. */
  issuers: TrustedIssuer[]
}
export type TrustedIssuer = Omit<Issuer, 'keys'> & {
  keys: { jwksURL: string } | { jwk: Record<string, unknown> } | { pem: string } | { value: string }
}

/** `Actor.by` of who holds the admin token. No principal is called so. */
export const OPERATOR = 'operator'

/** Who changes something, for the audit log. */
export interface Actor {
  /** `OPERATOR`, or a principal of the tenant. */
  by: string
  credential: string
  /** Address of the client, where the platform tells. */
  from?: string
  requestId: string
}

export interface TenantSummary {
  tenant: string
  createdAt: number
  configVersion: number
  servers: number
  tokens: number
}

export interface IssuersReport {
  issuers: Issuers
  /** Names of those whose secret is not set: their JWTs are refused. */
  withoutSecret: string[]
}

export interface TokenInfo {
  keyId: string
  /** The principal that its calls are made by. */
  principal: string
  name: string
  grants: Grants
  createdAt: number
  createdBy: string
  expiresAt?: number
  /** To the minute. */
  lastUsedAt?: number
  revokedAt?: number
  /** Key id of the token that it was rotated to. */
  replacedBy?: string
}

export interface NewToken {
  name: string
  grants: Grants
  expiresAt?: number | undefined
  /** Registers this one, which the caller made. The same one again changes its name and grants. */
  token?: string | undefined
}

export interface SecretInfo {
  name: string
  /** The principal whose own it is; absent for the tenant's. */
  principal?: string
  version: number
  keyId: string
  updatedAt: number
}

/** What came of encrypting secrets under the newest master key. */
export interface Rewrapped {
  /** Those that were under another key. */
  rewrapped: number
  /** Those that do not decrypt. They are as they were. */
  failed: number
  /** The first of them; `why` is public. */
  failures: { name: string; principal?: string; why: string }[]
}

/** One thing that was done, or refused. */
export interface AuditEvent {
  id: number
  time: number
  actor: Actor
  /** `token.create`, `servers.put`, … */
  action: string
  /** What it was done to: a key id, a secret's name, … Never a secret. */
  target?: string
  outcome: 'ok' | ErrorCode
  /** Public facts: names that changed, versions. Never a value. */
  detail?: Record<string, unknown>
}

export interface Page<T> {
  items: T[]
  /** Of the next page; absent on the last. */
  cursor?: string
}

/**
 * What a server host runs. Plain secrets are in it: it is held in memory and never stored or logged.
 */
export interface LaunchConfig {
  version: number
  servers: Record<string, ResolvedServer>
  catalog: CatalogSettings
  routes: Routes
}

export type ResolvedServer = ResolvedProcess | ResolvedRemote

interface Resolved {
  /** As it is stored, references and all. */
  config: ServerConfig
  /** Names exactly what is launched without holding a secret: references and the versions they resolved to. */
  identity: string
  /** Plain values, for redaction. */
  secrets: string[]
  /** References to secrets that are not set; the server cannot start. */
  missing: string[]
  /** Why secrets that are set cannot be used; the server cannot start. Public. */
  unusable: string[]
  /** It refers to secrets of the principal, so each principal has processes of its own. */
  isPersonal: boolean
}

/** With references resolved. */
export interface ResolvedProcess extends Resolved {
  command: string
  args: string[]
  env: Record<string, string>
  cwd?: string
  remote?: never
}

export interface ResolvedRemote extends Resolved {
  remote: RemoteTarget
}
