/**
 * A server that a verdict does not know of may have been added since: the Tenant object is asked
 * again, but not for each request, so that an isolate sees a new server in about a second.
 */
import { CATALOG } from '#protocol/catalog.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { AuthDeps } from './authenticate.ts'

/** A verdict this fresh is believed. */
const RENEW_AFTER_MS = 1_000

export function knowsServer({ policy }: Verdict, server: string | undefined): boolean {
  return server === undefined || server === CATALOG || Object.hasOwn(policy.servers, server)
}

/** The same, but what was learned before the last second is not known. */
export function renewing(deps: AuthDeps, now: number): AuthDeps {
  const { verdicts, trusts } = deps
  const since = now - RENEW_AFTER_MS
  const fresh = <T extends { askedAt: number }>(entry: T | undefined): T | undefined =>
    entry !== undefined && entry.askedAt >= since ? entry : undefined
  return {
    ...deps,
    verdicts: { ...verdicts, get: (key, at) => fresh(verdicts.get(key, at)) },
    trusts: { ...trusts, get: (key, at) => fresh(trusts.get(key, at)) },
  }
}
