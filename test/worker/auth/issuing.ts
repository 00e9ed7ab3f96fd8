/** Real keys, the issuers that are trusted with them, and the JWTs that they sign. */
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import type { Issuer } from '#protocol/issuers.ts'
import type { TrustedIssuer } from '#protocol/tenant.ts'

export const ISSUER = 'https://issuer.example/realm'
export const ORIGIN = 'https://hearth.example'
export const TENANT_URL = `${ORIGIN}/t/acme`
export const ENDPOINT_URL = `${TENANT_URL}/mcp/everything`
/** `Date.now()` of the tests that take it as an argument. */
export const NOW = 1_800_000_000_000
export const SECRET_VALUE = 'a shared secret of thirty-two bytes or more'

export type Algorithm = Issuer['algorithms'][number]
export const PUBLIC_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const

export interface Signer {
  alg: string
  key: CryptoKey | Uint8Array
}

export interface PublicSigner extends Signer {
  jwk: JWK
  pem: string
}

export const secretSigner: Signer = { alg: 'HS256', key: new TextEncoder().encode(SECRET_VALUE) }

export async function createSigner(
  alg: (typeof PUBLIC_ALGORITHMS)[number],
  kid?: string,
): Promise<PublicSigner> {
  const pair = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(pair.publicKey)), ...(kid !== undefined && { kid }) }
  return { alg, key: pair.privateKey, jwk, pem: await exportSPKI(pair.publicKey) }
}

/** Trusts the keys with their one algorithm; `more` stands in the place of the defaults. */
export function createIssuer(
  alg: Algorithm,
  keys: TrustedIssuer['keys'],
  more: Partial<TrustedIssuer> = {},
): TrustedIssuer {
  return {
    name: 'main',
    issuer: ISSUER,
    algorithms: [alg],
    keys,
    audiences: [],
    clockSkewMs: 30_000,
    requiredClaims: {},
    principalClaim: 'sub',
    scopes: [],
    ...more,
  }
}

/** What a good token for the endpoint says at `now`; `undefined` takes a claim out. */
export function claimsAt(now: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  const seconds = Math.floor(now / 1000)
  const claims = { iss: ISSUER, aud: ENDPOINT_URL, sub: 'ada', exp: seconds + 300, ...more }
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}

export function sign(
  signer: Signer,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  const { crit } = header
  const known = Array.isArray(crit) ? crit.map((name) => [name, true]) : []
  return new SignJWT(claims)
    .setProtectedHeader({ alg: signer.alg, ...header })
    .sign(signer.key, { crit: Object.fromEntries(known) as Record<string, boolean> })
}

/** A part of a JWT, from a value or from text that is none. */
export function encodePart(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return Buffer.from(text).toString('base64url')
}
