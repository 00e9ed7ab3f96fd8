/** A configuration as the worker's policies need it. Pure. */
import { authorizationServersOf } from '#protocol/issuers.ts'
import type { TenantPolicy } from '#protocol/tenant.ts'
import type { Config } from './config.ts'

export function toPolicy(config: Config): TenantPolicy {
  const { version, servers, catalog, routes, limits, shards, issuers } = config
  const enabled = Object.entries(servers).filter(([, { enabled }]) => enabled)
  const policies = enabled.map(([name, { requiredScopes, limits }]) => {
    return [name, { requiredScopes, limits }] as const
  })
  return {
    configVersion: version,
    servers: Object.fromEntries(policies),
    catalog,
    routes,
    limits,
    limiterShards: shards,
    authorizationServers: authorizationServersOf(issuers),
  }
}
