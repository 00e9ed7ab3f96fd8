/**
 * Which names are tenants'. The Directory says so before an object named for a tenant is touched: to touch
 * one makes it, and on one machine a file that nobody deletes. Anybody can make up names.
 */
import type { DirectoryStub } from '#protocol/tenant-stub.ts'
import { isOverloaded, repeatWhenLost } from '../durable-call.ts'
import { createExpiringCache } from './expiring-cache.ts'

const REFUSED_MS = 5_000
/** Of names that are tenants', and of names that are not. */
const MAX_KNOWN_TENANTS = 10_000

export interface KnownTenants {
  /** Whether there may be such a tenant; its own object has the last word. A refusal is kept for a while. */
  has(tenant: string, now: number): Promise<boolean>
  /** The same, but a refusal is never an old one. */
  hasNow(tenant: string): Promise<boolean>
  /** Drops what is known of a name, after a change. */
  forget(tenant: string): void
}

export function createKnownTenants(directory: () => Pick<DirectoryStub, 'has'>): KnownTenants {
  // A tenant that was deleted stays known here: its own object is there anyway, and says that it is gone.
  const cache = createExpiringCache<true>({
    maxEntries: MAX_KNOWN_TENANTS,
    grantedMs: Infinity,
    refusedMs: REFUSED_MS,
  })

  async function ask(tenant: string, now: number): Promise<boolean> {
    const isThere = await repeatWhenLost(() => directory().has(tenant)).catch((error: unknown) => {
      // A flood of made-up names must not lock tenants out. The platform keeps no object that stored nothing.
      if (isOverloaded(error)) return undefined
      throw error
    })
    if (isThere === undefined) return true
    cache.put(tenant, tenant, isThere || undefined, now)
    return isThere
  }

  return {
    async has(tenant, now) {
      const known = cache.get(tenant, now)
      return known === undefined ? ask(tenant, now) : known.value === true
    },
    async hasNow(tenant) {
      const now = Date.now()
      return cache.get(tenant, now)?.value ?? ask(tenant, now)
    },
    forget: cache.forget,
  }
}
