/** What names of the catalog stand for, as the ServerHost object said, for a bounded time. */
import type { CatalogQuery, CatalogTarget } from '#protocol/catalog.ts'
import { createExpiringCache } from '../auth/expiring-cache.ts'
import type { ServerHostMethods } from '#protocol/host-call.ts'
import { repeatWhenLost } from '../durable-call.ts'

export const NAME_TTL_MS = 30_000
/** A tool that is new may be called soon after it was not there. */
export const UNKNOWN_NAME_TTL_MS = 2_000
/** Of each kind. */
export const MAX_CATALOG_NAMES = 2_000

export interface CatalogNames {
  /** What is known without asking, which may be that a name stands for nothing; `undefined`: not known. */
  recall(tenant: string, query: CatalogQuery): { value: CatalogTarget | undefined } | undefined
  /** Asks. `undefined` for a name that stands for nothing. `stub` makes a fresh one each time. */
  find(
    tenant: string,
    query: CatalogQuery,
    stub: () => Pick<ServerHostMethods, 'resolveName'>,
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
    recall: (tenant, query) => cache.get(toKey(tenant, query), Date.now()),
    async find(tenant, query, stub) {
      const now = Date.now()
      const target = await repeatWhenLost(() => stub().resolveName(query))
      cache.put(toKey(tenant, query), tenant, target, now)
      return target
    },
    forget: cache.forget,
  }
}

function toKey(tenant: string, { kind, name, principal, configVersion }: CatalogQuery): string {
  return JSON.stringify([tenant, configVersion, principal, kind, name])
}
