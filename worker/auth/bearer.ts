/** The `Authorization` header as a bearer token, and a token as its parts. Pure. */
import { TOKEN } from '#protocol/tenant.ts'

/** Of the whole header. A JWT with a few hundred scopes has some 10,000. */
export const MAX_AUTHORIZATION_CHARS = 16_384
/** Two headers arrive as one with a comma, which no token holds: they are refused. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i
const TOKEN_PREFIX = 'hearth_'

export interface TokenParts {
  tenant: string
  keyId: string
  secret: string
}

/** The token of a `Bearer` header (RFC 6750, section 2.1), `undefined` for anything else. */
export function parseBearer(header: string | null): string | undefined {
  if (header === null || header.length > MAX_AUTHORIZATION_CHARS) return undefined
  return BEARER.exec(header)?.[1]
}

/** Whether it claims to be one of Hearth's own tokens; nothing else is tried with it then. */
export function isOwnToken(token: string): boolean {
  return token.startsWith(TOKEN_PREFIX)
}

export function parseToken(token: string): TokenParts | undefined {
  const [, tenant, keyId, secret] = TOKEN.exec(token) ?? []
  if (tenant === undefined || keyId === undefined || secret === undefined) return undefined
  return { tenant, keyId, secret }
}
