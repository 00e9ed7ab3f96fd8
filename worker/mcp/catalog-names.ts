/** What names of the catalog stand for, as the ServerHost object said, for a bounded time. */
import type { CatalogQuery, CatalogTarget } from '#protocol/catalog.ts'
import { createExpiringCache } from '../auth/expiring-cache.ts'
import type { ServerHostStub } from '../context.ts'
import { repeatWhenLost } from '../durable-call.ts'

export const NAME_TTL_MS = 30_000
/** A tool that is new may be called soon after it was not there. */
export const UNKNOWN_NAME_TTL_MS = 2_000
/** Of each kind. */
export const MAX_CATALOG_NAMES = 2_000

export interface CatalogNames {
  /** `undefined` for a name that stands for nothing. `stub` makes a fresh one each time. */
  find(
    tenant: string,
    query: CatalogQuery,
    stub: () => Pick<ServerHostStub, 'resolveName'>,
  ): Promise<CatalogTarget | undefined>
  /** Drops what is known of a tenant, after a change. */
  forget(tenant: string): void
}

export function createCatalogNames(): CatalogNames {
  const cache = createExpiringCache<CatalogTarget>({
    maxEntries: MAX_CATALOG_NAMES,
    grantedMs: NAME_TTL_MS,
    refusedMs: UNKNOWN_NAME_TTL_MS,
  })
  return {
    async find(tenant, query, stub) {
      const { kind, name, principal, configVersion } = query
      const key = JSON.stringify([tenant, configVersion, principal, kind, name])
      const now = Date.now()
      const known = cache.get(key, now)
      if (known !== undefined) return known.value
      const target = await repeatWhenLost(() => stub().resolveName(query))
      cache.put(key, tenant, target, now)
      return target
    },
    forget: cache.forget,
  }
}
