/**
 * The keys with which an issuer may have signed a token. Symmetric material serves HS256 and public
 * keys serve the rest, whatever a token asks for: a public key is no secret (RFC 8725, section 2.1).
 */
import type { JWK } from 'jose'
import type { TrustedIssuer } from '#protocol/tenant.ts'
import type { JWTHeader } from './jwt.ts'
import { createFinder, type KeySets, type NoKeys } from './key-sets.ts'

/** RFC 7518, section 3.2: a shorter key than the hash can be guessed from one token. */
const MIN_SECRET_BYTES = 32
const PEM_FRAME = /-----(?:BEGIN|END) PUBLIC KEY-----|\s/g

const PUBLIC_KEYS: Readonly<Record<string, Parameters<SubtleCrypto['importKey']>[2]>> = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  EdDSA: { name: 'Ed25519' },
}

export type VerifyKey = CryptoKey | Uint8Array

/** Whether the issuer's tokens may be signed so: its list decides, not the token. */
export function isTaken({ algorithms }: TrustedIssuer, alg: string): boolean {
  return algorithms.some((algorithm) => algorithm === alg)
}

/** An empty list for an algorithm that is not the issuer's. */
export async function keysOf(
  issuer: TrustedIssuer,
  header: JWTHeader,
  keySets: KeySets,
): Promise<VerifyKey[] | NoKeys> {
  const { keys } = issuer
  if (!isTaken(issuer, header.alg)) return []
  if ('value' in keys) return header.alg === 'HS256' ? toSecret(keys.value) : []
  if (header.alg === 'HS256') return []
  if ('jwksURL' in keys) return keySets.find(keys.jwksURL, header)
  if ('pem' in keys) return importPEM(keys.pem, header.alg)
  // The only key there is; how it is called does not matter.
  return createFinder({ keys: [keys.jwk as JWK] })({ alg: header.alg })
}

function toSecret(value: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(value)
  return bytes.length < MIN_SECRET_BYTES ? [] : [bytes]
}

async function importPEM(pem: string, alg: string): Promise<CryptoKey[]> {
  const algorithm = PUBLIC_KEYS[alg]
  if (algorithm === undefined) return []
  try {
    const bytes = Uint8Array.from(atob(pem.replace(PEM_FRAME, '')), (char) => char.charCodeAt(0))
    return [await crypto.subtle.importKey('spki', bytes, algorithm, false, ['verify'])]
  } catch {
    return [] // a key of another kind, or none
  }
}
