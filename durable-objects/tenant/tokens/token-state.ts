/** What a token's row means: its state, and what may be done with it. Pure. */
import { GatewayError } from '#protocol/errors.ts'
import { covers } from '#protocol/grant-escalation.ts'
import type { Grants } from '#protocol/scopes.ts'
import type { TokenInfo } from '#protocol/tenant.ts'
import type { TokenRow } from './token-store.ts'

/** Each verdict and each list of tokens carries them. */
const MAX_GRANTS_CHARS = 16_000

export function hasEnded({ revokedAt, expiresAt }: TokenRow, now: number): boolean {
  return revokedAt !== null || (expiresAt !== null && expiresAt <= now)
}

/** A line of tokens has one newest; else two rotations at once would leave two. */
export function requireRotatable(row: TokenRow, now: number): void {
  const { keyId, replacedBy } = row
  if (replacedBy !== null) throw ended(`${keyId} was rotated to ${replacedBy} before`)
  requireLive(row, now)
}

/** Its end is final: a revoked or rotated token does not come back by being registered again. */
export function requireChangeable({ keyId, replacedBy, revokedAt }: TokenRow): void {
  if (replacedBy !== null) throw ended(`${keyId} was rotated to ${replacedBy}`)
  if (revokedAt !== null) throw ended(`${keyId} was revoked`)
}

/** Nobody gives what they do not have. */
export function requireWithin(grants: Grants, within: Grants | undefined): void {
  if (within === undefined || covers(within, grants)) return
  const detail =
    'the token would hold more than who asks for it: name scopes within its own, or ask the operator'
  throw new GatewayError('forbidden', { detail })
}

export function toGrantsText(grants: Grants): string {
  const text = JSON.stringify(grants)
  if (text.length <= MAX_GRANTS_CHARS) return text
  const detail = `grants: ${text.length} characters of JSON, at most ${MAX_GRANTS_CHARS}`
  throw new GatewayError('invalid_params', { detail })
}

export function toInfo(row: TokenRow): TokenInfo {
  const { keyId, principal, name, grants, createdAt, createdBy } = row
  const { expiresAt, lastUsedAt, revokedAt, replacedBy } = row
  return {
    ...{ keyId, principal, name, grants: JSON.parse(grants) as Grants, createdAt, createdBy },
    ...(expiresAt !== null && { expiresAt }),
    ...(lastUsedAt !== null && { lastUsedAt }),
    ...(revokedAt !== null && { revokedAt }),
    ...(replacedBy !== null && { replacedBy }),
  }
}

function requireLive(row: TokenRow, now: number): void {
  if (!hasEnded(row, now)) return
  throw ended(`${row.keyId} ${row.revokedAt === null ? 'has expired' : 'was revoked'}`)
}

function ended(detail: string): GatewayError {
  return new GatewayError('token_ended', { detail })
}
