/** What the claims of a JWT say, once its signature is known to be an issuer's. Pure. */
import { Scope, type Grants } from '#protocol/scopes.ts'
import type { TrustedIssuer } from '#protocol/tenant.ts'

const MAX_PRINCIPAL_CHARS = 256
/** Of a token's claim, and of all that it is given: they travel with each of its calls. */
const MAX_SCOPES = 256
const MAX_SCOPES_CHARS = 8_192
/** The last second that a `Date` can be. */
const MAX_NUMERIC_DATE = 8.64e12
const SCOPE_CLAIMS = ['scope', 'scp', 'scopes']
// oxlint-disable-next-line no-control-regex -- names are written into logs
const CONTROL = /[\u0000-\u001f\u007f]/

export interface Identity {
  /** `jwt:{issuer}:{claim}` */
  principal: string
  grants: Grants
  /** `Date.now()` at which it ends, clock skew included. */
  expiresAt: number
}

export type ClaimsFault =
  'wrong_issuer' | 'wrong_audience' | 'expired' | 'not_yet_valid' | 'claim_missing' | 'no_principal'

export type ClaimsDecision = { ok: true; identity: Identity } | { ok: false; fault: ClaimsFault }

type Claims = Record<string, unknown>

/** `audiences`: those of the resource that is asked for, any of which will do. */
export function decideClaims(
  claims: Claims,
  issuer: TrustedIssuer,
  audiences: readonly string[],
  now: number,
): ClaimsDecision {
  if (own(claims, 'iss') !== issuer.issuer) return refuse('wrong_issuer')
  if (!isFor(own(claims, 'aud'), [...audiences, ...issuer.audiences]))
    return refuse('wrong_audience')
  const expiresAt = toMs(own(claims, 'exp'))
  if (expiresAt === undefined || expiresAt + issuer.clockSkewMs <= now) return refuse('expired')
  if (!hasBegun(claims, now + issuer.clockSkewMs)) return refuse('not_yet_valid')
  if (!hasAll(claims, issuer.requiredClaims)) return refuse('claim_missing')
  const name = own(claims, issuer.principalClaim)
  if (!isName(name)) return refuse('no_principal')
  return {
    ok: true,
    identity: {
      principal: `jwt:${issuer.name}:${name}`,
      grants: toGrants(claims, issuer),
      expiresAt: expiresAt + issuer.clockSkewMs,
    },
  }
}

function refuse(fault: ClaimsFault): ClaimsDecision {
  return { ok: false, fault }
}

function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

function isFor(aud: unknown, audiences: readonly string[]): boolean {
  const named: unknown[] = Array.isArray(aud) ? aud : [aud]
  return named.some((name) => typeof name === 'string' && audiences.includes(name))
}

/** NumericDate (RFC 7519, section 2): seconds, fractions allowed. */
function toMs(seconds: unknown): number | undefined {
  if (typeof seconds !== 'number') return undefined
  return Math.abs(seconds) <= MAX_NUMERIC_DATE ? seconds * 1000 : undefined
}

function hasBegun(claims: Claims, now: number): boolean {
  const claim = own(claims, 'nbf')
  if (claim === undefined) return true
  const begins = toMs(claim)
  return begins !== undefined && begins <= now
}

/** `true` asks for a value, whatever it is; `false` and `null` are none. */
function hasAll(claims: Claims, required: TrustedIssuer['requiredClaims']): boolean {
  return Object.entries(required).every(([name, wanted]) => {
    const value = own(claims, name)
    if (wanted === true) return value !== undefined && value !== null && value !== false
    return value === wanted
  })
}

function isName(value: unknown): value is string {
  if (typeof value !== 'string' || value === '') return false
  return value.length <= MAX_PRINCIPAL_CHARS && !CONTROL.test(value) && value.isWellFormed()
}

function toGrants(claims: Claims, { scopeClaim, scopes, allow, deny }: TrustedIssuer): Grants {
  const names = scopeClaim === undefined ? SCOPE_CLAIMS : [scopeClaim]
  const claim = names.map((name) => own(claims, name)).find((value) => value !== undefined)
  const all = new Set([...scopes, ...toScopes(claim)])
  return { scopes: takeBounded([...all]), ...(allow && { allow }), ...(deny && { deny }) }
}

/** RFC 8693, section 4.2, and what others write. Words that are no scopes, and too many, grant nothing. */
function toScopes(claim: unknown): string[] {
  const words: unknown[] = typeof claim === 'string' ? claim.split(' ') : toArray(claim)
  return words.slice(0, MAX_SCOPES).filter(isScope)
}

/** As many as fit; the rest grants nothing. */
function takeBounded(scopes: string[]): string[] {
  let chars = 0
  const isOver = scopes.findIndex(({ length }) => (chars += length) > MAX_SCOPES_CHARS)
  return isOver === -1 ? scopes : scopes.slice(0, isOver)
}

function isScope(word: unknown): word is string {
  return Scope.safeParse(word).success
}

function toArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
