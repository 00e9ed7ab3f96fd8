/** The Tenant and the Directory object as others call them. */
import type { CatalogSettings } from './catalog.ts'
import type { Issuers } from './issuers.ts'
import type { Limits } from './limits.ts'
import type { Routes } from './routes.ts'
import type { Grants } from './scopes.ts'
import type { ServerConfig, ServerConfigs } from './server-config.ts'
import type {
  Actor,
  AuditEvent,
  IssuersReport,
  LaunchConfig,
  NewToken,
  Page,
  Rewrapped,
  SecretInfo,
  TenantPolicy,
  TenantSummary,
  TokenInfo,
  Trust,
  Verdict,
} from './tenant.ts'
import type { ToolApproval } from './tool-pins.ts'

/** The Tenant object's methods that others call. Its name is the tenant's. */
export interface TenantStub {
  /** `undefined` for a token that is not this tenant's, has expired or was revoked. Compares in constant time. */
  authenticate(
    keyId: string,
    secret: string,
    /** Not even that it was used: the disk is full. */
    keepsNothing?: boolean,
  ): Promise<Verdict | undefined>
  /** `undefined` for a tenant that does not exist. */
  trust(): Promise<Trust | undefined>
  /**
   * The enabled servers. Without `principal`, personal ones are only described: their `args`, `env` and
   * `identity` are empty. With it, personal ones alone, as that principal's.
   */
  launches(principal?: string): Promise<LaunchConfig | undefined>

  /** Idempotent. Whether it was new. */
  create(actor: Actor): Promise<boolean>
  summary(): Promise<TenantSummary | undefined>
  /**
   * Deletes everything but the configuration's version, above which the versions of a tenant of the
   * same name begin, and one audit row that says who did it. Returns that version. Again has the same effect.
   */
  remove(actor: Actor): Promise<number>

  servers(): Promise<{ version: number; servers: ServerConfigs } | undefined>
  /**
   * Returns the configuration's version. The operator creates the tenant with it when it is new; for
   * others the servers' `limits` must be those that are stored.
   */
  putServers(servers: ServerConfigs, actor: Actor): Promise<number>
  putServer(name: string, server: ServerConfig, actor: Actor): Promise<number>
  deleteServer(name: string, actor: Actor): Promise<number>
  catalog(): Promise<CatalogSettings | undefined>
  /** Returns the configuration's version. */
  putCatalog(catalog: CatalogSettings, actor: Actor): Promise<number>
  routes(): Promise<Routes | undefined>
  /**
   * Returns the configuration's version. While a route has limits, which names are whose is the
   * operator's alone: others may change what answers them, and their policies beside the limits.
   */
  putRoutes(routes: Routes, actor: Actor): Promise<number>
  /** What the worker decides by, as it is now. */
  policy(): Promise<TenantPolicy | undefined>
  limits(): Promise<{ limits: Limits; shards: number } | undefined>
  putLimits(limits: Limits, shards: number, actor: Actor): Promise<void>
  issuers(): Promise<IssuersReport | undefined>
  /** Returns the names of those that are no more. */
  putIssuers(issuers: Issuers, actor: Actor): Promise<string[]>

  tokens(): Promise<TokenInfo[] | undefined>
  /** The whole token is told this once. `forbidden` when its grants go beyond `within`. */
  createToken(
    token: NewToken,
    actor: Actor,
    within?: Grants,
  ): Promise<{ token: string; info: TokenInfo }>
  /**
   * A new token for the same principal, as long-lived as the old one was; the old one ends after
   * `overlapMs`. `token_ended` when the old one was rotated before, was revoked, or has expired.
   */
  rotateToken(
    keyId: string,
    overlapMs: number,
    actor: Actor,
    within?: Grants,
  ): Promise<{ token: string; info: TokenInfo; old: TokenInfo }>
  /** Again has the same effect. */
  revokeToken(keyId: string, actor: Actor): Promise<TokenInfo>

  /** The tenant's own, or those of one principal. */
  secrets(principal?: string): Promise<SecretInfo[] | undefined>
  /** `forbidden` for the key of an issuer, which would grant anything, but for the operator. */
  putSecret(
    secret: { name: string; principal?: string; value: string },
    actor: Actor,
  ): Promise<SecretInfo>
  deleteSecret(secret: { name: string; principal?: string }, actor: Actor): Promise<void>
  /** Encrypts all of them under the newest master key. */
  rewrapSecrets(actor: Actor): Promise<Rewrapped>

  /** Newest first. */
  audit(query: AuditQuery): Promise<Page<AuditEvent> | undefined>
  /** What a server host was told to approve. */
  recordApproval(approval: Required<ToolApproval>, actor: Actor): Promise<void>
  /** For what is refused before it reaches the object. */
  recordRefusal(
    event: Pick<AuditEvent, 'action' | 'target' | 'outcome'>,
    actor: Actor,
  ): Promise<void>
}

export interface AuditQuery {
  cursor?: string | undefined
  /** At most 1,000. */
  limit: number
  action?: string | undefined
  by?: string | undefined
  since?: number | undefined
  /** The first millisecond that is not in it. */
  until?: number | undefined
}

/** The one Directory object. */
export const DIRECTORY_NAME = 'v1'

/** The Directory object's methods: all tenants by name. */
export interface DirectoryStub {
  add(tenant: string, now: number): Promise<void>
  remove(tenant: string): Promise<void>
  has(tenant: string): Promise<boolean>
  /** Writes something, to see whether there is room. */
  tryToWrite(): Promise<void>
  list(
    cursor: string | undefined,
    limit: number,
  ): Promise<Page<{ name: string; createdAt: number }>>
}
