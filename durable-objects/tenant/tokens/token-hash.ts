/**
 * Tokens as keyed hashes. A token holds 256 random bits, so one HMAC is enough: there is no
 * dictionary to try. The pepper keeps a stolen database from being checked against guesses.
 */
import { findKey, type Keyring } from '../keyring.ts'

const encoder = new TextEncoder()
const HMAC = { name: 'HMAC', hash: 'SHA-256' }
const NO_HASH = new Uint8Array(32)

export interface TokenHash {
  hash: ArrayBuffer
  /** Id of the pepper that it was made with. */
  pepper: string
}

export interface TokenHasher {
  /** Of the pepper that new hashes are made with. */
  newest: string
  hash(token: string): Promise<TokenHash>
  /** Takes as long for an unknown token (`stored` undefined), or pepper, as for a wrong one. */
  verify(token: string, stored: TokenHash | undefined): Promise<boolean>
}

export function createTokenHasher(peppers: Keyring): TokenHasher {
  const [newest] = peppers
  const imported = new Map<string, Promise<CryptoKey>>()

  function toCryptoKey({ id, value }: { id: string; value: string }): Promise<CryptoKey> {
    const known = imported.get(id)
    if (known !== undefined) return known
    const bytes = encoder.encode(value)
    const key = crypto.subtle.importKey('raw', bytes, HMAC, false, ['sign', 'verify'])
    imported.set(id, key)
    return key
  }

  return {
    newest: newest.id,
    async hash(token) {
      const key = await toCryptoKey(newest)
      return {
        hash: await crypto.subtle.sign('HMAC', key, encoder.encode(token)),
        pepper: newest.id,
      }
    },
    async verify(token, stored) {
      const pepper = stored && findKey(peppers, stored.pepper)
      const key = await toCryptoKey(pepper ?? newest)
      const hash = pepper && stored ? stored.hash : NO_HASH
      // subtle.verify compares in constant time.
      const isValid = await crypto.subtle.verify('HMAC', key, hash, encoder.encode(token))
      return isValid && pepper !== undefined
    },
  }
}
