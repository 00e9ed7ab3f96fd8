/** Changes of secrets with what belongs to them: an audit row, and a new version for server hosts. */
import { GatewayError } from '#protocol/errors.ts'
import type { Grants } from '#protocol/scopes.ts'
import type { SecretInfo } from '#protocol/tenant.ts'
import type { Change } from './change.ts'
import { isIssuerSecret } from './config/issuer-secrets.ts'
import type { TenantParts } from './parts.ts'

export interface NamedSecret {
  name: string
  principal?: string
}

/** The audit row has no part of the value. */
export function putSecret(
  { config, secrets, audit }: TenantParts,
  secret: NamedSecret & { value: string },
  within: Grants | undefined,
  change: Change,
): Promise<SecretInfo> {
  return secrets.put(secret, change.now, ({ version }) => {
    requireWithin(config, secret, within)
    config.grow(change)
    audit.append(change, describe('secret.put', secret, { version }))
  })
}

export function deleteSecret(
  { storage, config, secrets, audit }: TenantParts,
  secret: NamedSecret,
  within: Grants | undefined,
  change: Change,
): void {
  requireWithin(config, secret, within)
  storage.transactionSync(() => {
    secrets.delete(secret)
    config.grow(change)
    audit.append(change, describe('secret.delete', secret))
  })
}

/** The values stay the same, so server hosts need not learn of it. */
export async function rewrapSecrets(
  { secrets, audit }: TenantParts,
  change: Change,
): Promise<number> {
  const rewrapped = await secrets.rewrap()
  audit.append(change, { action: 'secrets.rewrap', detail: { rewrapped } })
  return rewrapped
}

/** Whoever is held within their grants could grant themselves anything by an issuer's key. */
function requireWithin(
  config: TenantParts['config'],
  { name, principal }: NamedSecret,
  within: Grants | undefined,
): void {
  const { issuers } = config.require()
  if (within === undefined || principal !== undefined || !isIssuerSecret(issuers, name)) return
  throw new GatewayError('forbidden', { detail: "an issuer's key needs the scope admin" })
}

function describe(action: string, { name, principal }: NamedSecret, detail = {}) {
  return { action, target: name, detail: { ...detail, ...(principal && { principal }) } }
}
