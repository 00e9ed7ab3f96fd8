/** The claims of a call, as a tenant with these limits has them. */
import { DEFAULT_CATALOG } from '#protocol/catalog.ts'
import type { z } from 'zod'
import { Limits } from '#protocol/limits.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { IncomingCall } from '#worker/context.ts'
import { findApplicable } from '#worker/rate-limit/applicable.ts'

export type LimitInput = z.input<typeof Limits>[number]

export interface TenantOptions {
  limits?: LimitInput[]
  /** Of the server `docs`. */
  own?: LimitInput[]
  tenant?: string
  principal?: string
  shards?: number
}

export function verdictWith(options: TenantOptions): Verdict {
  const { limits = [], own = [], tenant = 'acme', principal = 'token:1', shards = 1 } = options
  return {
    tenant,
    principal,
    credential: principal,
    grants: { scopes: ['*'] },
    policy: {
      configVersion: 1,
      servers: {
        docs: { requiredScopes: [], limits: Limits.parse(own) },
        other: { requiredScopes: [], limits: [] },
      },
      limits: Limits.parse(limits),
      catalog: DEFAULT_CATALOG,
      routes: [],
      limiterShards: shards,
      authorizationServers: [],
    },
  }
}

export function callOf(method: string, target?: string, server = 'docs'): IncomingCall {
  const envelope = { kind: 'request', id: 1, method } as const
  const facts = { era: 'modern', envelope, ...(target !== undefined && { target }) } as const
  return { server, http: 'POST', facts, isNoOp: false }
}

export const claimsOf = (options: TenantOptions, call = callOf('tools/call', 'search')) =>
  findApplicable(verdictWith(options), call).claims
