/** A configuration as the worker's policies need it. Pure. */
import { authorizationServersOf } from '#protocol/issuers.ts'
import type { TenantPolicy } from '#protocol/tenant.ts'
import type { Config } from './config.ts'

export function toPolicy({ version, servers, limits, shards, issuers }: Config): TenantPolicy {
  const enabled = Object.entries(servers).filter(([, { enabled }]) => enabled)
  const policies = enabled.map(([name, { requiredScopes, limits }]) => {
    return [name, { requiredScopes, limits }] as const
  })
  return {
    configVersion: version,
    servers: Object.fromEntries(policies),
    limits,
    limiterShards: shards,
    authorizationServers: authorizationServersOf(issuers),
  }
}
