/**
 * One copy of a tenant's policy, however many of its credentials have a verdict here: each answer of the
 * Tenant object brings another copy, and a large configuration times a thousand tokens is more than an
 * isolate holds.
 */
import { BoundedMap } from '#protocol/bounded-map.ts'
import type { TenantPolicy } from '#protocol/tenant.ts'

/** Tenants; the oldest leaves, and is then shared anew. */
const MAX_SHARED_POLICIES = 1000

export interface SharedPolicies {
  /** A policy that says the same: the one that is kept. */
  share(tenant: string, policy: TenantPolicy): TenantPolicy
}

export function createSharedPolicies(): SharedPolicies {
  const kept = new BoundedMap<string, { text: string; policy: TenantPolicy }>(MAX_SHARED_POLICIES)

  return {
    share(tenant, policy) {
      const text = JSON.stringify(policy)
      const known = kept.get(tenant)
      if (known?.text === text) return known.policy
      kept.set(tenant, { text, policy })
      return policy
    },
  }
}
