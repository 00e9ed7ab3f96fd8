/** Changes of secrets with what belongs to them: an audit row, and a new version for server hosts. */
import { GatewayError } from '#protocol/errors.ts'
import { OPERATOR, type Rewrapped, type SecretInfo } from '#protocol/tenant.ts'
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
  change: Change,
): Promise<SecretInfo> {
  return secrets.put(secret, change.now, ({ version }) => {
    requireOwn(config, secret, change)
    config.grow(change)
    audit.append(change, describe('secret.put', secret, { version }))
  })
}

export function deleteSecret(
  { storage, config, secrets, audit }: TenantParts,
  secret: NamedSecret,
  change: Change,
): void {
  requireOwn(config, secret, change)
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
): Promise<Rewrapped> {
  const report = await secrets.rewrap()
  const { rewrapped, failed } = report
  audit.append(change, { action: 'secrets.rewrap', detail: { rewrapped, failed } })
  return report
}

/** Who knows an issuer's key grants themselves anything, so it is the operator's, as its issuer is. */
function requireOwn(
  config: TenantParts['config'],
  { name, principal }: NamedSecret,
  { actor }: Change,
): void {
  const { issuers } = config.require()
  if (actor.by === OPERATOR || principal !== undefined || !isIssuerSecret(issuers, name)) return
  throw new GatewayError('forbidden', {
    detail: `${name} is an issuer's key: the operator's alone`,
  })
}

function describe(action: string, { name, principal }: NamedSecret, detail = {}) {
  return { action, target: name, detail: { ...detail, ...(principal && { principal }) } }
}
