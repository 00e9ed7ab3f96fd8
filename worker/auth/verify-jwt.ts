/** A JWT against the issuers that a tenant trusts. */
import { compactVerify } from 'jose/jws/compact/verify'
import type { TrustedIssuer } from '#protocol/tenant.ts'
import { decideClaims, type ClaimsFault, type Identity } from './claims.ts'
import { isTaken, keysOf, type VerifyKey } from './issuer-keys.ts'
import { parseJWT, type ParsedJWT } from './jwt.ts'
import type { KeySets, NoKeys } from './key-sets.ts'

export type JWTOutcome =
  | { kind: 'valid'; identity: Identity }
  /** `fault` is there for a token that an issuer did sign: nobody else is told of its rules. */
  | { kind: 'invalid'; fault?: ClaimsFault }
  /** An issuer's keys could not be had: the same token may be valid later. */
  | { kind: 'unavailable'; why: string }

export interface JWTQuestion {
  token: string
  issuers: readonly TrustedIssuer[]
  /** Of the resource that is asked for. */
  audiences: readonly string[]
  now: number
}

/** Issuers with the token's `iss` are tried in their order; the first that accepts it decides. */
export async function verifyJWT(question: JWTQuestion, keySets: KeySets): Promise<JWTOutcome> {
  const jwt = parseJWT(question.token)
  let outcome: JWTOutcome = { kind: 'invalid' }
  if (jwt === undefined) return outcome
  for (const issuer of question.issuers) {
    if (issuer.issuer !== jwt.payload.iss) continue
    const found = await verifyBy(issuer, jwt, question, keySets)
    if (found.kind === 'valid') return found
    if (weightOf(found) > weightOf(outcome)) outcome = found
  }
  return outcome
}

/** What may pass is told before what will not. */
function weightOf(outcome: JWTOutcome): number {
  if (outcome.kind === 'unavailable') return 2
  return outcome.kind === 'invalid' && outcome.fault === undefined ? 0 : 1
}

async function verifyBy(
  issuer: TrustedIssuer,
  jwt: ParsedJWT,
  { token, audiences, now }: JWTQuestion,
  keySets: KeySets,
): Promise<JWTOutcome> {
  const signed = await isSigned(issuer, jwt, token, keySets)
  if (typeof signed !== 'boolean') {
    return { kind: 'unavailable', why: `keys of issuer ${issuer.name}: ${signed.why}` }
  }
  if (!signed) return { kind: 'invalid' }
  const decision = decideClaims(jwt.payload, issuer, audiences, now)
  return decision.ok
    ? { kind: 'valid', identity: decision.identity }
    : { kind: 'invalid', fault: decision.fault }
}

async function isSigned(
  issuer: TrustedIssuer,
  { header }: ParsedJWT,
  token: string,
  keySets: KeySets,
): Promise<boolean | NoKeys> {
  const keys = await keysOf(issuer, header, keySets)
  if ('why' in keys) return keys
  if (await isSignedByAny(keys, token, header.alg)) return true
  // The issuer may have a newer key than those that are known.
  if (!('jwksURL' in issuer.keys) || !isTaken(issuer, header.alg)) return false
  if (!(await keySets.renew(issuer.keys.jwksURL))) return false
  const newer = await keysOf(issuer, header, keySets)
  return !('why' in newer) && isSignedByAny(newer, token, header.alg)
}

async function isSignedByAny(
  keys: readonly VerifyKey[],
  token: string,
  alg: string,
): Promise<boolean> {
  for (const key of keys) if (await isSignedBy(key, token, alg)) return true
  return false
}

/** Whatever jose objects to, the token is refused. */
async function isSignedBy(key: VerifyKey, token: string, alg: string): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: [alg] })
    return true
  } catch {
    return false
  }
}
