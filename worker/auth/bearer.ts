/** The `Authorization` header as a bearer token, and a token as its parts. Pure. */
import { TOKEN } from '#protocol/tenant.ts'

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i

export interface TokenParts {
  tenant: string
  keyId: string
  secret: string
}

/** The token of a `Bearer` header (RFC 6750, section 2.1), `undefined` for anything else. */
export function parseBearer(header: string | null): string | undefined {
  if (header === null) return undefined
  return BEARER.exec(header)?.[1]
}

export function parseToken(token: string): TokenParts | undefined {
  const [, tenant, keyId, secret] = TOKEN.exec(token) ?? []
  if (tenant === undefined || keyId === undefined || secret === undefined) return undefined
  return { tenant, keyId, secret }
}
