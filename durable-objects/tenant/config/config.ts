/** One tenant's configuration: servers, catalog, routes, limits, issuers. A tenant exists when it has one. */
import { CatalogSettings } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import { Issuers } from '#protocol/issuers.ts'
import { Limits } from '#protocol/limits.ts'
import { Routes } from '#protocol/routes.ts'
import { ServerConfigs, type ServerConfig } from '#protocol/server-config.ts'
import { OPERATOR, TENANT_NAME } from '#protocol/tenant.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Change } from '../change.ts'
import { isMigrated, migrate } from '../migrations.ts'
import { ConfigStore } from './config-store.ts'
import { requireApart } from './issuer-secrets.ts'
import {
  describeRoutes,
  requireKnownPriority,
  requireKnownServers,
  requireSameCounting,
} from './route-changes.ts'
import { requireKnownPlacements } from './placements.ts'
import { requirePublicAddresses, requireSameAllowance } from './allow-private.ts'
import { describeChanges, findChangedLimits, withoutServer } from './server-changes.ts'

/** Below the 2 MB that a row of a Durable Object's SQLite may hold. */
const MAX_CONFIG_CHARS = 480_000
/** It goes with every verdict to the isolates. */
const MAX_LIMITS_CHARS = 64_000
/** The same is true of these. */
const MAX_CATALOG_CHARS = 32_000
const MAX_ROUTES_CHARS = 128_000
const MAX_ISSUERS_CHARS = 400_000

export interface Config {
  /** Grows with every change that server hosts must learn of. */
  version: number
  servers: ServerConfigs
  createdAt: number
  catalog: CatalogSettings
  routes: Routes
  limits: Limits
  /** RateLimiter objects of this tenant. */
  shards: number
  issuers: Issuers
}

interface StoredLimits {
  limits: Limits
  shards: number
}

export class TenantConfig {
  readonly #storage: DurableObjectStorage
  readonly #tenant: string
  readonly #audit: AuditLog
  readonly #store: ConfigStore
  /** Cache. */
  #current: Config | undefined
  /** Cache. */
  #hasHost: boolean | undefined

  /** `onGrow`: there is a new version that a server host must learn of. */
  constructor(
    storage: DurableObjectStorage,
    tenant: string,
    audit: AuditLog,
    onGrow: (version: number) => void,
  ) {
    this.#storage = storage
    this.#tenant = tenant
    this.#audit = audit
    this.#store = new ConfigStore(storage.sql, (version) => {
      if (this.#isHosted()) onGrow(version)
    })
    if (isMigrated(storage)) migrate(storage)
  }

  /** Whether the tables are there: the tenant exists, or did. */
  get isStored(): boolean {
    return isMigrated(this.#storage)
  }

  /** `undefined` for a tenant that does not exist. */
  get(): Config | undefined {
    if (this.#current === undefined && this.isStored) this.#current = this.#read()
    return this.#current
  }

  /** A server host has asked what to run: only then there is one to tell of changes. */
  noteHost(now: number): void {
    if (this.#isHosted()) return
    this.#store.putSetting('has-host', 'true', now)
    this.#hasHost = true
  }

  #isHosted(): boolean {
    return (this.#hasHost ??= this.#store.setting('has-host') !== undefined)
  }

  /** Throws `tenant_not_found`. */
  require(): Config {
    const config = this.get()
    if (config === undefined) throw new GatewayError('tenant_not_found')
    return config
  }

  /** Whether it was new. Throws `invalid_params` for a name that no tenant may have. */
  create(change: Change): boolean {
    if (this.get() !== undefined) return false
    if (!TENANT_NAME.test(this.#tenant)) {
      throw new GatewayError('invalid_params', { detail: `"${this.#tenant}" is not a tenant name` })
    }
    migrate(this.#storage)
    const last = Number(this.#store.setting('last-version') ?? -1)
    this.#audit.commit(change, () => {
      this.#store.create({ version: last + 1, servers: '{}', createdAt: change.now })
      return { action: 'tenant.create' }
    })
    return true
  }

  /** Servers that are refused make no tenant. */
  putServers(servers: ServerConfigs, change: Change): number {
    try {
      return this.#storage.transactionSync(() => {
        this.#requireOrCreate(change)
        return this.#putServers('servers.put', servers, change)
      })
    } finally {
      this.#current = undefined
    }
  }

  putServer(name: string, server: ServerConfig, change: Change): number {
    const servers = { ...this.require().servers, [name]: server }
    return this.#putServers('server.put', servers, change, name)
  }

  /** Throws `server_not_found`. */
  deleteServer(name: string, change: Change): number {
    const before = this.require().servers
    return this.#putServers('server.delete', withoutServer(before, name), change, name)
  }

  /** Returns the configuration's version. */
  putCatalog(catalog: CatalogSettings, change: Change): number {
    const before = this.require()
    requireKnownPriority(catalog, before.servers)
    if (change.actor.by !== OPERATOR) requireSameCounting(before, { ...before, catalog })
    return this.#putGrowing('catalog', catalog, MAX_CATALOG_CHARS, { change })
  }

  /** Returns the configuration's version. */
  putRoutes(routes: Routes, change: Change): number {
    const before = this.require()
    requireKnownServers(routes, before.servers)
    if (change.actor.by !== OPERATOR) requireSameCounting(before, { ...before, routes })
    const detail = describeRoutes(before.routes, routes)
    return this.#putGrowing('routes', routes, MAX_ROUTES_CHARS, { change, detail })
  }

  putLimits(limits: Limits, shards: number, change: Change): void {
    this.#putSetting('limits', { limits, shards } satisfies StoredLimits, MAX_LIMITS_CHARS, change)
  }

  /** Returns the names of those that are no more. */
  putIssuers(issuers: Issuers, change: Change): string[] {
    const before = this.require()
    requireApart(before.servers, issuers)
    this.#putSetting('issuers', issuers, MAX_ISSUERS_CHARS, change)
    const names = new Set(issuers.map(({ name }) => name))
    return before.issuers.map(({ name }) => name).filter((name) => !names.has(name))
  }

  /** After a change that is not of the configuration itself but of what its servers start with. */
  grow({ now }: Change): number {
    const { version } = this.require()
    this.#store.setVersion(version + 1, now)
    this.#current = undefined
    return version + 1
  }

  /** The last version of a tenant that was deleted; `undefined` while there is one, and where there never was. */
  get retired(): number | undefined {
    if (!this.isStored || this.get() !== undefined) return undefined
    const last = this.#store.setting('last-version')
    return last === undefined ? undefined : Number(last)
  }

  /** In an object that was emptied: where the versions of the next tenant of this name begin. */
  retire(version: number, change: Change): void {
    migrate(this.#storage)
    this.#audit.commit(change, () => {
      this.#store.putSetting('last-version', String(version), change.now)
      return { action: 'tenant.delete' }
    })
  }

  /** Only the operator makes tenants. */
  #requireOrCreate(change: Change): void {
    if (change.actor.by === OPERATOR) this.create(change)
    else this.require()
  }

  #putServers(action: string, servers: ServerConfigs, change: Change, target?: string): number {
    const before = this.require()
    if (change.actor.by !== OPERATOR) {
      requireSameLimits(before.servers, servers)
      requireSameAllowance(before.servers, servers)
      requireKnownPlacements(before.servers, servers)
    }
    requirePublicAddresses(servers)
    requireApart(servers, before.issuers)
    const text = toBoundedText(requireServers(servers), MAX_CONFIG_CHARS)
    if (text === JSON.stringify(before.servers)) return before.version
    const version = before.version + 1
    this.#audit.commit(change, () => {
      this.#store.update(version, text, change.now)
      if (target !== undefined) return { action, target, detail: { version } }
      return { action, detail: { version, ...describeChanges(before.servers, servers) } }
    })
    this.#current = undefined
    return version
  }

  #putSetting(
    name: 'limits' | 'issuers',
    value: StoredLimits | Issuers,
    maxChars: number,
    change: Change,
  ): void {
    this.require()
    const text = toBoundedText(value, maxChars)
    if (text === this.#store.setting(name)) return
    const named = 'limits' in value ? value.limits : value
    const detail = { names: named.map((item) => item.name) }
    this.#audit.commit(change, () => {
      this.#store.putSetting(name, text, change.now)
      if (!('shards' in value)) return { action: `${name}.put`, detail }
      return { action: `${name}.put`, detail: { ...detail, shards: value.shards } }
    })
    this.#current = undefined
  }

  /** A setting that server hosts must learn of. */
  #putGrowing(
    name: 'catalog' | 'routes',
    value: CatalogSettings | Routes,
    maxChars: number,
    { change, detail = {} }: { change: Change; detail?: Record<string, unknown> },
  ): number {
    const before = this.require()
    const text = toBoundedText(value, maxChars)
    if (text === JSON.stringify(before[name])) return before.version
    const version = before.version + 1
    this.#audit.commit(change, () => {
      this.#store.putSetting(name, text, change.now)
      this.#store.setVersion(version, change.now)
      return { action: `${name}.put`, detail: { version, ...detail } }
    })
    this.#current = undefined
    return version
  }

  /** Parsed by the schemas, so that what was stored before a key existed has its default. */
  #read(): Config | undefined {
    const row = this.#store.config()
    if (row === undefined) return undefined
    const { version, createdAt } = row
    const stored = parse(this.#store.setting('limits')) as StoredLimits | undefined
    return {
      ...{ version, createdAt },
      servers: ServerConfigs.parse(parse(row.servers)),
      catalog: CatalogSettings.parse(parse(this.#store.setting('catalog')) ?? {}),
      routes: Routes.parse(parse(this.#store.setting('routes')) ?? []),
      limits: Limits.parse(stored?.limits ?? []),
      shards: stored?.shards ?? 1,
      issuers: Issuers.parse(parse(this.#store.setting('issuers')) ?? []),
    }
  }
}

function parse(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text)
}

/** Limits of a server stand in the place of the tenant's: a tenant could lift its own. */
function requireSameLimits(before: ServerConfigs, after: ServerConfigs): void {
  const name = findChangedLimits(before, after)
  if (name === undefined) return
  const detail = `${name}.limits: the operator's alone`
  throw new GatewayError('forbidden', { detail })
}

function requireServers(servers: ServerConfigs): ServerConfigs {
  const { error } = ServerConfigs.safeParse(servers)
  if (error === undefined) return servers
  throw new GatewayError('invalid_config', { detail: error.issues[0]?.message ?? '' })
}

function toBoundedText(value: unknown, maxChars: number): string {
  const text = JSON.stringify(value)
  if (text.length <= maxChars) return text
  const detail = `${text.length} characters of JSON, at most ${maxChars}`
  throw new GatewayError('invalid_config', { detail })
}
