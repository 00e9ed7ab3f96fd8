/** Who may issue JWTs for a tenant's principals, and how their claims are read. */
import * as z from 'zod'
import { AccessList, Scopes } from './scopes.ts'
import { SECRET_NAME } from './secrets.ts'

export const JWT_ALGORITHMS = ['HS256', 'RS256', 'ES256', 'EdDSA'] as const
export type JWTAlgorithm = (typeof JWT_ALGORITHMS)[number]

/** Members of a JWK that are private, or a symmetric key (RFC 7518, section 6). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])
const SPKI = /^-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/

const Keys = z.union([
  /** Fetched when they are needed, and again when a token names a key that is not among them. */
  z.strictObject({
    jwksURL: z
      .url({ protocol: /^https?$/ })
      .max(2048)
      .refine(isSafeTransport, 'must be https, or http on this machine'),
  }),
  z.strictObject({
    jwk: z
      .record(z.string(), z.unknown())
      .refine((jwk) => !PRIVATE_MEMBERS.some((name) => name in jwk), 'must be a public key'),
  }),
  z.strictObject({ pem: z.string().max(16_384).regex(SPKI, 'must be a PUBLIC KEY in PEM (SPKI)') }),
  /** The name of a secret of the tenant that holds the HS256 key: at least 32 bytes of UTF-8. */
  z.strictObject({ secret: z.string().regex(SECRET_NAME) }),
])

export const Issuer = z
  .strictObject({
    /** Part of the principal's name: `jwt:{name}:{subject}`. */
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
    /** The exact `iss`. */
    issuer: z.string().min(1).max(2048),
    algorithms: z.array(z.enum(JWT_ALGORITHMS)).min(1).max(JWT_ALGORITHMS.length),
    /** Exactly one source of keys. HS256 takes `secret` only, and the others never do. */
    keys: Keys,
    /** Audiences beside the endpoint's own URL and the tenant's. */
    audiences: z.array(z.string().min(1).max(2048)).max(16).default([]),
    clockSkewMs: z.int().min(0).max(300_000).default(30_000),
    /** Claims that must be there; a value must be equal. */
    requiredClaims: z
      .record(z.string(), z.union([z.literal(true), z.string(), z.number(), z.boolean()]))
      .default({}),
    /** The claim that names the principal. */
    principalClaim: z.string().min(1).max(256).default('sub'),
    /** The claim with the scopes, a string of words or an array. Default: the first of `scope`, `scp`, `scopes`. */
    scopeClaim: z.string().min(1).max(256).optional(),
    /** Given to each principal of the issuer beside those of its claims. */
    scopes: Scopes.default([]),
    allow: AccessList.optional(),
    deny: AccessList.optional(),
    /**
     * Announced as an authorization server of the tenant's endpoints (RFC 9728). Clients that see one
     * may ignore the token that they were configured with. Default: where the keys have a URL.
     */
    advertise: z.boolean().optional(),
  })
  .refine(
    ({ algorithms, keys }) =>
      'secret' in keys ? algorithms.join() === 'HS256' : !algorithms.includes('HS256'),
    { path: ['keys'], error: 'HS256 takes a secret, by itself; other algorithms take public keys' },
  )
  .refine(({ algorithms, keys }) => 'jwksURL' in keys || algorithms.length === 1, {
    path: ['algorithms'],
    error: 'a single key has one algorithm',
  })
  .refine(({ advertise, issuer }) => advertise !== true || isServerURL(issuer), {
    path: ['advertise'],
    error: 'only an issuer that is a URL can be announced (https, or http on this machine)',
  })
export type Issuer = z.infer<typeof Issuer>

export const Issuers = z
  .array(Issuer)
  .max(16)
  .refine(
    (issuers) => new Set(issuers.map(({ name }) => name)).size === issuers.length,
    'names must differ',
  )
export type Issuers = z.infer<typeof Issuers>

/** What the tenant's endpoints announce: `authorization_servers` of RFC 9728. Each once. */
export function authorizationServersOf(
  issuers: readonly { issuer: string; keys: object; advertise?: boolean | undefined }[],
): string[] {
  const announced = issuers.filter(
    ({ issuer, keys, advertise }) => (advertise ?? 'jwksURL' in keys) && isServerURL(issuer),
  )
  return [...new Set(announced.map(({ issuer }) => issuer))]
}

/** RFC 8414, section 2: a URL without query and fragment. */
function isServerURL(text: string): boolean {
  return isSafeTransport(text) && !/[?#]/.test(text)
}

/** Keys that come over plain HTTP are whoever's who stands between. */
function isSafeTransport(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname))
}
