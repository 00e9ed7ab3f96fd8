/** A configuration as the worker's policies need it. Pure. */
import { authorizationServersOf } from '#protocol/issuers.ts'
import type { ServerCatalog } from '#protocol/catalog.ts'
import type { ServerPolicy, TenantPolicy } from '#protocol/tenant.ts'
import type { Config } from './config.ts'

export function toPolicy(config: Config): TenantPolicy {
  const { version, servers, catalog, routes, limits, shards, issuers } = config
  const enabled = Object.entries(servers).filter(([, { enabled }]) => enabled)
  const policies = enabled.map(([name, { requiredScopes, limits, catalog: own }]) => {
    return [name, { requiredScopes, limits, ...toToolLists(own.tools) }] as const
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

function toToolLists(lists: ServerCatalog['tools']): Pick<ServerPolicy, 'tools'> {
  if (lists?.everywhere !== true) return {}
  const { allow, deny } = lists
  return { tools: { ...(allow && { allow }), ...(deny && { deny }) } }
}
