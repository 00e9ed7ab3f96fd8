/** What the worker asks a tenant: who holds this token, and whose JWTs count. */
import type { TenantSummary, Trust, Verdict } from '#protocol/tenant.ts'
import { toPolicy } from './config/policy.ts'
import { resolveIssuers, type ReadSecret, type Trusting } from './config/trust.ts'
import type { TenantParts } from './parts.ts'

export async function authenticate(
  { config, tokens, tenant }: TenantParts,
  { keyId, secret, keepsNothing }: { keyId: string; secret: string; keepsNothing: boolean },
  now: number,
): Promise<Verdict | undefined> {
  const exists = () => config.get() !== undefined
  const asked = { keyId, secret, keepsNothing }
  const token = await tokens.authenticate(asked, exists, now)
  if (token === undefined) return undefined
  const { principal, grants, expiresAt } = token
  return {
    ...{ tenant, principal, credential: `token:${keyId}`, grants },
    ...(expiresAt !== undefined && { expiresAt }),
    policy: toPolicy(config.require()),
  }
}

export async function trust(parts: TenantParts): Promise<Trust | undefined> {
  const config = parts.config.get()
  if (config === undefined) return undefined
  const { trusted } = await resolveAll(parts)
  return { policy: toPolicy(config), issuers: trusted }
}

export async function reportIssuers(parts: TenantParts) {
  const config = parts.config.get()
  if (config === undefined) return undefined
  const { withoutSecret } = await resolveAll(parts)
  return { issuers: config.issuers, withoutSecret }
}

export function summarize(
  { tenant, config, tokens }: TenantParts,
  now: number,
): TenantSummary | undefined {
  const found = config.get()
  if (found === undefined) return undefined
  const { createdAt, version, servers } = found
  const counts = { servers: Object.keys(servers).length, tokens: tokens.count(now) }
  return { tenant, createdAt, configVersion: version, ...counts }
}

function resolveAll({ config, secrets }: TenantParts): Promise<Trusting> {
  const read: ReadSecret = (name) => secrets.plain(name)
  return resolveIssuers(config.require().issuers, read)
}
