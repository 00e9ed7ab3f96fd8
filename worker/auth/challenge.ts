/** `WWW-Authenticate`: what a client needs to be let in. Pure. */
import type { GatewayError } from '#protocol/errors.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { Scope } from '#protocol/scopes.ts'
import type { Challenge } from '../telemetry/record.ts'

/** RFC 6750, section 3: what a quoted value may hold. */
const UNQUOTABLE = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g

/**
 * RFC 6750, section 3, and MCP's authorization pages. `challenge` is there only where the tenant announces
 * an authorization server: clients that see `resource_metadata` start OAuth and ignore the token that
 * they were configured with.
 */
export function toChallenge(error: GatewayError, challenge: Challenge | undefined): string {
  const parameters = [['realm', 'hearth'], ...parametersOf(error, challenge)]
  if (challenge !== undefined) parameters.push(['resource_metadata', challenge.metadataURL])
  return `Bearer ${parameters.map(([name, value]) => `${name}="${value}"`).join(', ')}`
}

function parametersOf(error: GatewayError, challenge: Challenge | undefined): string[][] {
  const data = isObject(error.data) ? error.data : {}
  if (error.code === 'forbidden')
    return [...failure('insufficient_scope', error), ...scope(data.scopes)]
  const scopes = scope(challenge?.scopes)
  // Without a token the challenge carries no error code (section 3.1).
  return data.reason === 'invalid_token' ? [...failure('invalid_token', error), ...scopes] : scopes
}

function failure(code: string, { detail }: GatewayError): string[][] {
  const description = detail?.replace(UNQUOTABLE, ' ')
  return [['error', code], ...(description ? [['error_description', description]] : [])]
}

function scope(scopes: unknown): string[][] {
  const words = Array.isArray(scopes) ? scopes.filter((word) => Scope.safeParse(word).success) : []
  return words.length === 0 ? [] : [['scope', words.join(' ')]]
}
