/**
 * What the Tenant object said, for a bounded time. Refusals are kept apart and shorter, so that a flood
 * of wrong questions does not drive the right answers out.
 */
import { BoundedMap } from '#protocol/bounded-map.ts'
export interface ExpiringCacheOptions {
  /** Entries of each kind. */
  maxEntries: number
  grantedMs: number
  refusedMs: number
}

export interface CacheEntry<T> {
  /** `undefined`: a refusal. */
  value: T | undefined
  /** When the Tenant object was asked. */
  askedAt: number
}

export interface ExpiringCache<T> {
  /** `undefined`: not known. */
  get(key: string, now: number): CacheEntry<T> | undefined
  /** Lives from `askedAt`, and never beyond `endsAt`. */
  put(key: string, tenant: string, value: T | undefined, askedAt: number, endsAt?: number): void
  /** Drops what is known of a tenant, after a change. */
  forget(tenant: string): void
}

interface Entry<T> extends CacheEntry<T> {
  tenant: string
  expiresAt: number
}

export function createExpiringCache<T>(options: ExpiringCacheOptions): ExpiringCache<T> {
  const granted = new BoundedMap<string, Entry<T>>(options.maxEntries)
  const refused = new BoundedMap<string, Entry<T>>(options.maxEntries)

  return {
    get(key, now) {
      const entry = granted.get(key) ?? refused.get(key)
      return entry !== undefined && now < entry.expiresAt ? entry : undefined
    },
    put(key, tenant, value, askedAt, endsAt = Infinity) {
      granted.delete(key)
      refused.delete(key)
      const entries = value === undefined ? refused : granted
      const ttlMs = value === undefined ? options.refusedMs : options.grantedMs
      entries.set(key, { tenant, value, askedAt, expiresAt: Math.min(askedAt + ttlMs, endsAt) })
    },
    forget(tenant) {
      for (const entries of [granted, refused]) {
        for (const [key, entry] of entries) if (entry.tenant === tenant) entries.delete(key)
      }
    },
  }
}
