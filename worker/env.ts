/** The worker's bindings, read once into what its parts are given. */
import type { Directory } from '#durable-objects/directory/directory.ts'
import type { Tenant } from '#durable-objects/tenant/tenant.ts'
import type { RateLimiter } from '#durable-objects/rate-limiter/rate-limiter.ts'
import type { LocalServerHost } from '#durable-objects/server-host/local.ts'
import { ORIGIN_FORM, readAllowedOrigin } from '#protocol/allowed-origins.ts'
import { serverHostName } from '#protocol/tenant.ts'
import { DIRECTORY_NAME } from '#protocol/tenant-stub.ts'
import { createKnownTenants } from './auth/known-tenants.ts'
import { GoodCredentials } from './auth/good-credentials.ts'
import { createKeySets } from './auth/key-sets.ts'
import { createTrustCache } from './auth/trust-cache.ts'
import { createVerdictCache } from './auth/verdict-cache.ts'
import { Bodies } from './bodies/intake.ts'
import type { Deps, FloodShield } from './context.ts'
import { createCatalogNames } from './mcp/catalog-names.ts'
import { HeldStreams } from './mcp/held-streams.ts'
import { createStorageRoom } from './storage-room.ts'
import { createLog, LOG_LEVELS, type LogLevel } from './telemetry/log.ts'

export interface Env {
  TENANT: DurableObjectNamespace<Tenant>
  /** The class that the bindings choose; the container's has the same methods. */
  SERVER_HOST: DurableObjectNamespace<LocalServerHost>
  RATE_LIMITER: DurableObjectNamespace<RateLimiter>
  DIRECTORY: DurableObjectNamespace<Directory>
  ADMIN_TOKEN: string
  TOKEN_PEPPER: string
  /** Set on one machine only. */
  HOST_PROGRAM?: Fetcher
  HOST_PROGRAM_TOKEN?: string
  /** Comma lists. */
  ALLOWED_ORIGINS?: string
  ALLOWED_HOSTS?: string
  MAX_BODY_BYTES?: string
  /** The gateway's own origin, where clients see another than the worker does. */
  PUBLIC_URL?: string
  FLOOD_SHIELD?: FloodShield
  LOG_LEVEL?: string
}

const DEFAULT_MAX_BODY_BYTES = 8_388_608
/** What one isolate of 128 MB can hold beside others. */
const GREATEST_MAX_BODY_BYTES = 33_554_432

/** Throws `TypeError` for a variable that makes no sense, with its value. */
export function createDeps(env: Env): Deps {
  const isLocal = env.HOST_PROGRAM !== undefined
  const directory = () => env.DIRECTORY.getByName(DIRECTORY_NAME)
  return {
    tenant: (name) => env.TENANT.getByName(name),
    serverHost: (tenant) => env.SERVER_HOST.getByName(serverHostName(tenant)),
    limiter: (name) => env.RATE_LIMITER.getByName(name),
    directory,
    knownTenants: createKnownTenants(directory),
    room: createStorageRoom(() => directory().tryToWrite()),
    verdicts: createVerdictCache(),
    catalogNames: createCatalogNames(),
    heldStreams: new HeldStreams(),
    trusts: createTrustCache(),
    goodCredentials: new GoodCredentials(),
    keySets: createKeySets({ fetch: (url, init) => fetch(url, init), now: () => Date.now() }),
    ...parsePublicURL(env.PUBLIC_URL),
    ...(env.FLOOD_SHIELD && { floodShield: env.FLOOD_SHIELD }),
    adminToken: env.ADMIN_TOKEN ?? '',
    allowedOrigins: parseOrigins(env.ALLOWED_ORIGINS),
    hasClientAddress: !isLocal,
    allowedHosts: isLocal ? parseHosts(env.ALLOWED_HOSTS) : undefined,
    maxBodyBytes: parseMaxBodyBytes(env.MAX_BODY_BYTES),
    bodies: new Bodies(),
    log: createLog(parseLogLevel(env.LOG_LEVEL)),
  }
}

function parseList(text = ''): ReadonlySet<string> {
  const items = text.split(',').map((item) => item.trim().toLowerCase())
  return new Set(items.filter((item) => item !== ''))
}

function parseOrigins(text?: string): ReadonlySet<string> {
  const origins = [...parseList(text)].map((item) => {
    const origin = readAllowedOrigin(item)
    if (origin !== undefined) return origin
    throw new TypeError(`ALLOWED_ORIGINS must be a comma list of ${ORIGIN_FORM}, not "${item}"`)
  })
  return new Set(origins)
}

/** An IPv6 address stands in brackets in `Host`. */
function parseHosts(text?: string): ReadonlySet<string> {
  const hosts = [...parseList(text)]
  return new Set(hosts.map((host) => (/^[0-9a-f.]*:[0-9a-f:.]*$/.test(host) ? `[${host}]` : host)))
}

function parsePublicURL(text = ''): { publicOrigin?: string } {
  if (text === '') return {}
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) {
    return { publicOrigin: url.origin }
  }
  throw new TypeError(`PUBLIC_URL must be an origin such as https://mcp.example.com, not "${text}"`)
}

function parseMaxBodyBytes(text: string | undefined): number {
  if (text === undefined) return DEFAULT_MAX_BODY_BYTES
  const bytes = Number(text)
  if (Number.isInteger(bytes) && bytes > 0 && bytes <= GREATEST_MAX_BODY_BYTES) return bytes
  throw new TypeError(`MAX_BODY_BYTES must be 1 to ${GREATEST_MAX_BODY_BYTES}, not "${text}"`)
}

function parseLogLevel(text = 'info'): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text)
  if (level !== undefined) return level
  throw new TypeError(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}, not "${text}"`)
}
