/** What the worker, the Tenant object and the ServerHost object agree on about a tenant. */
import type { ServerConfigs } from './server-config.ts'

/** No underscore: it separates the parts of a token. */
export const TENANT_NAME = /^[a-z0-9][a-z0-9-]{0,39}$/

/** `hearth_{tenant}_{keyId}_{secret}`: 8 characters of key id, 64 of secret, lowercase hex. */
export const TOKEN = /^hearth_([a-z0-9][a-z0-9-]{0,39})_([0-9a-f]{8})_([0-9a-f]{64})$/

/** A tenant's server host: `v1:{tenant}:{placement}`. `v1` is the escape hatch for a stuck object. */
export const DEFAULT_PLACEMENT = 'main'
export function serverHostName(tenant: string, placement: string): string {
  return `v1:${tenant}:${placement}`
}

/** `{placement}.{32 hex characters}`; says where the session lives, not whose it is. */
export const SESSION_ID = /^([a-z0-9-]{1,32})\.([0-9a-f]{32})$/

/** Who is calling, and what the worker must know of its tenant; cached in the isolate. */
export interface Verdict {
  tenant: string
  principal: string
  /** Grows with every change of the tenant's configuration. */
  configVersion: number
  /** Names of the enabled servers. */
  servers: string[]
}

/** The Tenant object's methods that others call. Its name is the tenant's. */
export interface TenantStub {
  /** `undefined` for a token that is not this tenant's. Compares in constant time. */
  authenticate(keyId: string, secret: string): Promise<Verdict | undefined>
  config(): Promise<{ version: number; servers: ServerConfigs } | undefined>
  /** Creates the tenant when it is new. Returns the configuration's version. */
  putServers(servers: ServerConfigs): Promise<number>
  /** Makes a token; with `token`, registers that one (idempotent). Returns the whole token, once. */
  addToken(name: string, token?: string): Promise<string>
}
