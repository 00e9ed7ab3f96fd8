/**
 * The secrets that issuers' keys are in. Who knows one can make JWTs of anybody, so no server is
 * given it, and only the operator may set it. Pure.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { Issuers } from '#protocol/issuers.ts'
import { findReferences } from '#protocol/secrets.ts'
import type { ServerConfigs } from '#protocol/server-config.ts'

export function isIssuerSecret(issuers: Issuers, secret: string): boolean {
  return issuers.some(({ keys }) => 'secret' in keys && keys.secret === secret)
}

/** Throws `invalid_config` when a server refers to one. */
export function requireApart(servers: ServerConfigs, issuers: Issuers): void {
  for (const [server, config] of Object.entries(servers)) {
    const shared = findReferences(config).find(
      ({ owner, name }) => owner === 'tenant' && isIssuerSecret(issuers, name),
    )
    if (shared === undefined) continue
    const detail = `the secret ${shared.name} is an issuer's key: ${server} cannot have it`
    throw new GatewayError('invalid_config', { detail })
  }
}
