/**
 * Tokens as keyed hashes. A token holds 256 random bits, so one HMAC is enough: there is no
 * dictionary to try. The pepper keeps a stolen database from being checked against guesses.
 */
import { TOKEN } from '#protocol/tenant.ts'

const encoder = new TextEncoder()
const HMAC = { name: 'HMAC', hash: 'SHA-256' }
const NO_HASH = new Uint8Array(32)

export interface TokenHasher {
  hash(token: string): Promise<ArrayBuffer>
  /** Takes as long for an unknown token (`hash` undefined) as for a wrong one. */
  verify(token: string, hash: ArrayBuffer | undefined): Promise<boolean>
}

export function createTokenHasher(pepper: string): TokenHasher {
  if (pepper === '') throw new TypeError('TOKEN_PEPPER must not be empty')
  let key: Promise<CryptoKey> | undefined
  const pepperKey = () =>
    (key ??= crypto.subtle.importKey('raw', encoder.encode(pepper), HMAC, false, [
      'sign',
      'verify',
    ]))

  return {
    async hash(token) {
      return crypto.subtle.sign('HMAC', await pepperKey(), encoder.encode(token))
    },
    async verify(token, hash) {
      // subtle.verify compares in constant time.
      const bytes = encoder.encode(token)
      const valid = await crypto.subtle.verify('HMAC', await pepperKey(), hash ?? NO_HASH, bytes)
      return valid && hash !== undefined
    },
  }
}

export function formatToken(tenant: string, keyId: string, secret: string): string {
  return `hearth_${tenant}_${keyId}_${secret}`
}

export function createToken(tenant: string): string {
  return formatToken(tenant, randomHex(4), randomHex(32))
}

/** The key id of a well-formed token of this tenant, else `undefined`. */
export function keyIdOf(tenant: string, token: string): string | undefined {
  const match = TOKEN.exec(token)
  return match?.[1] === tenant ? match[2] : undefined
}

function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
