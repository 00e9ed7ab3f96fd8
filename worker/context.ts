/** What the worker's parts are given: their dependencies, and what is known of the call in hand. */
import type { HostCall, ServerHostMethods } from '#protocol/host-call.ts'
import type { RequestId } from '#protocol/json-rpc.ts'
import type { Era } from '#protocol/mcp.ts'
import type { TenantStub, Verdict } from '#protocol/tenant.ts'
import type { VerdictCache } from './auth/verdict-cache.ts'
import type { Log } from './telemetry/log.ts'

/** The ServerHost object as the worker calls it. */
export interface ServerHostStub extends ServerHostMethods {
  fetch(url: string, init: RequestInit): Promise<Response>
}

export interface Deps {
  tenant(name: string): TenantStub
  /** A fresh stub each time: one that failed stays broken. */
  serverHost(tenant: string, placement: string): ServerHostStub
  verdicts: VerdictCache
  adminToken: string
  /** Origins, lowercase, beside the endpoint's own. */
  allowedOrigins: ReadonlySet<string>
  /** Host names that may be addressed beside loopback; `undefined` where the platform routes by host. */
  allowedHosts: ReadonlySet<string> | undefined
  maxBodyBytes: number
  log: Log
}

/** Filled in as the request meets the policies; what is known when it ends goes into the log. */
export interface CallRecord {
  requestId: string
  receivedAt: number
  verdict?: Verdict
  server?: string
  /** The JSON-RPC id that an error answers. */
  id?: RequestId
  method?: string
  target?: string
  era?: Era
  /** It was handed to the ServerHost object. */
  forwarded?: boolean
}

export type CallFacts = Omit<
  HostCall,
  'requestId' | 'receivedAt' | 'tenant' | 'principal' | 'server' | 'configVersion' | 'http'
>

/** Hono's type of an app in which every request has a `CallRecord`. */
export interface AppEnv {
  Variables: { record: CallRecord }
}
