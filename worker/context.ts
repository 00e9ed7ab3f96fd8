/** What the worker's parts are given: their dependencies, and what is known of the call in hand. */
import type { HostCall, ServerHostMethods } from '#protocol/host-call.ts'
import type { Envelope } from '#protocol/json-rpc.ts'
import type { LimiterStub, Occupancy } from '#protocol/limiter.ts'
import type { Route } from '#protocol/routes.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { DirectoryStub, TenantStub } from '#protocol/tenant-stub.ts'
import type { KnownTenants } from './auth/known-tenants.ts'
import type { GoodCredentials } from './auth/good-credentials.ts'
import type { KeySets } from './auth/key-sets.ts'
import type { TrustCache } from './auth/trust-cache.ts'
import type { VerdictCache } from './auth/verdict-cache.ts'
import type { Bodies } from './bodies/intake.ts'
import type { JSONBody } from './body.ts'
import type { CatalogNames } from './mcp/catalog-names.ts'
import type { HeldStreams } from './mcp/held-streams.ts'
import type { NamedParam } from './mcp/named-param.ts'
import type { Target } from './routing/targets.ts'
import type { StorageRoom } from './storage-room.ts'
import type { Log } from './telemetry/log.ts'
import type { CallRecord } from './telemetry/record.ts'

/** The ServerHost object as the worker calls it. */
export interface ServerHostStub extends ServerHostMethods {
  fetch(url: string, init: RequestInit): Promise<Response>
}

export interface Deps {
  tenant(name: string): TenantStub
  /** The one that a tenant's calls go to. A fresh stub each time: one that failed stays broken. */
  serverHost(tenant: string): ServerHostStub
  /** By `limiterName`. */
  limiter(name: string): LimiterStub
  /** All tenants by name. */
  directory(): DirectoryStub
  knownTenants: KnownTenants
  room: StorageRoom
  verdicts: VerdictCache
  catalogNames: CatalogNames
  heldStreams: HeldStreams
  trusts: TrustCache
  goodCredentials: GoodCredentials
  keySets: KeySets
  adminToken: string
  /** Of the gateway's canonical URLs, without a slash at the end; else each request's own. */
  publicOrigin?: string
  /** Counts requests by credential or address; absent where nothing shields from floods. */
  floodShield?: FloodShield
  /** `CF-Connecting-IP` is the platform's: only behind it a client cannot make it up. */
  hasClientAddress?: boolean
  /** Origins, lowercase, beside the endpoint's own. */
  allowedOrigins: ReadonlySet<string>
  /** Host names that may be addressed beside loopback; `undefined` where the platform routes by host. */
  allowedHosts: ReadonlySet<string> | undefined
  maxBodyBytes: number
  /** Those that are on their way in. */
  bodies: Bodies
  log: Log
}

/** Cloudflare's rate-limit binding. */
export interface FloodShield {
  limit(options: { key: string }): Promise<{ success: boolean }>
}

/** What the headers and the body of a call say. */
export type CallFacts = Omit<HostCall, KnownOtherwise>
type KnownOtherwise =
  | ('requestId' | 'receivedAt' | 'http' | 'server')
  | ('tenant' | 'principal' | 'credential' | 'expiresAt' | 'configVersion')
  | ('occupancies' | 'route')

/** One request to an MCP endpoint, before it is known what it asks for. */
export interface IncomingMessage {
  server: string
  http: HostCall['http']
  /** Of a POST. */
  post: PostedMessage | undefined
}

export interface PostedMessage {
  /** What its client takes for an answer: a JSON body, or an event stream. */
  takes: 'both' | 'json' | 'events'
  envelope: Envelope
  body: JSONBody
}

/** The same as the policies see it. */
export interface IncomingCall {
  server: string
  http: HostCall['http']
  facts: CallFacts
  /** What its client named at the catalog's URL. */
  named?: NamedParam
  /** A notification that has no effect: answered 202, and dropped. */
  isNoOp: boolean
  /** Of a POST. */
  body?: JSONBody | undefined
  /** Concurrency limits that it counts for. */
  occupancies?: Occupancy[]
  /** Where routes match it. */
  routed?: RoutedCall
}

export interface RoutedCall {
  /** Of all that it names: one, but for a completion that names two. */
  routes: readonly Route[]
  /** What is called, by the own name of the server that it names. */
  name: string
  /** Servers that may answer it; absent where that is not the route's to say. */
  targets?: readonly Target[]
}

/** Who asks for `/admin`: the operator, or a principal of a tenant. */
export type Admin = { isOperator: true } | { isOperator: false; verdict: Verdict }

/** Hono's type of an app in which every request has a `CallRecord`, and those to `/admin` an `admin`. */
export interface AppEnv {
  Variables: { record: CallRecord; admin: Admin }
}
