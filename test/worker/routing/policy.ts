/** A tenant's policy with routes, as configured. */
import type { z } from 'zod'
import { CatalogSettings } from '#protocol/catalog.ts'
import { Routes } from '#protocol/routes.ts'
import type { ServerPolicy, TenantPolicy } from '#protocol/tenant.ts'

export type RouteInput = z.input<typeof Routes>[number]

const SERVERS = ['github', 'gitlab', 'mirror', 'files']

export function policyWith(
  routes: RouteInput[],
  more: { servers?: TenantPolicy['servers']; catalog?: z.input<typeof CatalogSettings> } = {},
): TenantPolicy {
  const plain = Object.fromEntries(
    SERVERS.map((name): [string, ServerPolicy] => [name, { requiredScopes: [], limits: [] }]),
  )
  return {
    configVersion: 1,
    servers: { ...plain, ...more.servers },
    catalog: CatalogSettings.parse(more.catalog ?? {}),
    routes: Routes.parse(routes),
    limits: [],
    limiterShards: 1,
    authorizationServers: [],
  }
}
