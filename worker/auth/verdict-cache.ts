/**
 * Verdicts by token, for a bounded time: how long a revoked token still works, and a new
 * configuration stays unseen in another isolate.
 *
 * The key is the token itself. It is in this isolate's memory anyway, in the request that brought
 * it, and hashing would put an asynchronous step on every warm call. It is never iterated out,
 * logged or stored, and leaves with its entry.
 */
import type { Verdict } from '#protocol/tenant.ts'

export const POSITIVE_TTL_MS = 30_000
export const NEGATIVE_TTL_MS = 5_000
/** Of each kind, so that a flood of wrong tokens does not drive the right ones out. */
export const MAX_VERDICTS = 1000

interface Entry {
  tenant: string
  verdict: Verdict | undefined
  expiresAt: number
}

export interface VerdictCache {
  /** `undefined`: not known. A known refusal has no `verdict`. */
  get(token: string, now: number): { verdict: Verdict | undefined } | undefined
  put(token: string, tenant: string, verdict: Verdict | undefined, now: number): void
  /** Drops what is known of a tenant's tokens, after a change. */
  forget(tenant: string): void
}

export function createVerdictCache(): VerdictCache {
  const granted = new Map<string, Entry>()
  const refused = new Map<string, Entry>()

  return {
    get(token, now) {
      const entry = granted.get(token) ?? refused.get(token)
      return entry !== undefined && now < entry.expiresAt ? entry : undefined
    },
    put(token, tenant, verdict, now) {
      granted.delete(token)
      refused.delete(token)
      const entries = verdict === undefined ? refused : granted
      const ttlMs = verdict === undefined ? NEGATIVE_TTL_MS : POSITIVE_TTL_MS
      if (entries.size >= MAX_VERDICTS) dropOldest(entries)
      entries.set(token, { tenant, verdict, expiresAt: now + ttlMs })
    },
    forget(tenant) {
      for (const entries of [granted, refused]) {
        for (const [token, entry] of entries) if (entry.tenant === tenant) entries.delete(token)
      }
    },
  }
}

/** Entries of one kind live equally long, so the first inserted is the first to expire. */
function dropOldest(entries: Map<string, Entry>): void {
  const [oldest] = entries.keys()
  if (oldest !== undefined) entries.delete(oldest)
}
