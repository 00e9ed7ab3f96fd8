/**
 * One tenant: configuration, tokens, secrets, audit log. Named for the tenant.
 * It is not on the way of a warm call: the worker caches its verdicts, server hosts what they run.
 */
import { DurableObject } from 'cloudflare:workers'
import type { CatalogSettings } from '#protocol/catalog.ts'
import type { Issuers } from '#protocol/issuers.ts'
import type { Limits } from '#protocol/limits.ts'
import type { Routes } from '#protocol/routes.ts'
import type { Grants } from '#protocol/scopes.ts'
import type { ServerConfig, ServerConfigs } from '#protocol/server-config.ts'
import type { Actor, AuditEvent, NewToken } from '#protocol/tenant.ts'
import type { AuditQuery, TenantStub } from '#protocol/tenant-stub.ts'
import type { ToolApproval } from '#protocol/tool-pins.ts'
import type { Change } from './change.ts'
import { toPolicy } from './config/policy.ts'
import { createParts, type TenantEnv, type TenantParts } from './parts.ts'
import { remove } from './removal.ts'
import { deleteSecret, putSecret, rewrapSecrets, type NamedSecret } from './secret-changes.ts'
import { ensureSweep, sweep } from './sweep.ts'
import { authenticate, reportIssuers, summarize, trust } from './authenticate.ts'

/** Of a tool's name in the audit log. */
const MAX_TOLD_CHARS = 256

export class Tenant extends DurableObject<TenantEnv> implements TenantStub {
  #parts: TenantParts

  constructor(ctx: DurableObjectState, env: TenantEnv) {
    super(ctx, env)
    this.#parts = createParts(ctx, env)
  }

  async authenticate(keyId: string, secret: string, keepsNothing = false) {
    return authenticate(this.#parts, { keyId, secret, keepsNothing }, Date.now())
  }

  async trust() {
    return trust(this.#parts)
  }

  async launches(principal?: string) {
    const config = this.#parts.config.get()
    if (config === undefined) return undefined
    this.#parts.config.noteHost(Date.now())
    const servers = await this.#parts.secrets.resolve(config.servers, principal)
    return { version: config.version, servers, catalog: config.catalog, routes: config.routes }
  }

  async create(actor: Actor) {
    return this.#parts.config.create(toChange(actor))
  }

  async summary() {
    return summarize(this.#parts, Date.now())
  }

  async remove(actor: Actor) {
    const { parts, version } = await remove(this.ctx, this.env, this.#parts, toChange(actor))
    this.#parts = parts
    return version
  }

  async servers() {
    const config = this.#parts.config.get()
    return config && { version: config.version, servers: config.servers }
  }

  async putServers(servers: ServerConfigs, actor: Actor) {
    return this.#parts.config.putServers(servers, toChange(actor))
  }

  async putServer(name: string, server: ServerConfig, actor: Actor) {
    return this.#parts.config.putServer(name, server, toChange(actor))
  }

  async deleteServer(name: string, actor: Actor) {
    return this.#parts.config.deleteServer(name, toChange(actor))
  }

  async catalog() {
    return this.#parts.config.get()?.catalog
  }

  async putCatalog(catalog: CatalogSettings, actor: Actor) {
    return this.#parts.config.putCatalog(catalog, toChange(actor))
  }

  async routes() {
    return this.#parts.config.get()?.routes
  }

  async putRoutes(routes: Routes, actor: Actor) {
    return this.#parts.config.putRoutes(routes, toChange(actor))
  }

  async policy() {
    const config = this.#parts.config.get()
    return config && toPolicy(config)
  }

  async limits() {
    const config = this.#parts.config.get()
    return config && { limits: config.limits, shards: config.shards }
  }

  async putLimits(limits: Limits, shards: number, actor: Actor) {
    this.#parts.config.putLimits(limits, shards, toChange(actor))
  }

  async issuers() {
    return reportIssuers(this.#parts)
  }

  async putIssuers(issuers: Issuers, actor: Actor) {
    return this.#parts.config.putIssuers(issuers, toChange(actor))
  }

  async tokens() {
    return this.#parts.config.get() && this.#parts.tokens.list(Date.now())
  }

  async createToken(token: NewToken, actor: Actor, within?: Grants) {
    return this.#known().tokens.create(token, within, toChange(actor))
  }

  async rotateToken(keyId: string, overlapMs: number, actor: Actor, within?: Grants) {
    return this.#known().tokens.rotate(keyId, overlapMs, within, toChange(actor))
  }

  async revokeToken(keyId: string, actor: Actor) {
    return this.#known().tokens.revoke(keyId, toChange(actor))
  }

  async secrets(principal?: string) {
    return this.#parts.config.get() && this.#parts.secrets.list(principal)
  }

  async putSecret(secret: NamedSecret & { value: string }, actor: Actor) {
    return putSecret(this.#known(), secret, toChange(actor))
  }

  async deleteSecret(secret: NamedSecret, actor: Actor) {
    deleteSecret(this.#known(), secret, toChange(actor))
  }

  async rewrapSecrets(actor: Actor) {
    return rewrapSecrets(this.#known(), toChange(actor))
  }

  async audit(query: AuditQuery) {
    return this.#parts.config.get() && this.#parts.audit.query(query, Date.now())
  }

  async recordApproval({ server, tool, fingerprint }: Required<ToolApproval>, actor: Actor) {
    const detail = { tool: tool.slice(0, MAX_TOLD_CHARS), fingerprint }
    const deed = { action: 'tool.approve', target: server, detail }
    this.#known().audit.append(toChange(actor), deed)
  }

  async recordRefusal(event: Pick<AuditEvent, 'action' | 'target' | 'outcome'>, actor: Actor) {
    if (this.#parts.config.get() === undefined) return
    this.#parts.audit.appendRefusal(toChange(actor), event)
  }

  /** Deletes what is old; comes again while there is something that will be. */
  override async alarm() {
    if (this.#parts.config.isStored && sweep(this.#parts, Date.now())) {
      await ensureSweep(this.ctx.storage, Date.now())
    }
  }

  /** Throws `tenant_not_found`. */
  #known(): TenantParts {
    this.#parts.config.require()
    return this.#parts
  }
}

function toChange(actor: Actor): Change {
  return { actor, now: Date.now() }
}
