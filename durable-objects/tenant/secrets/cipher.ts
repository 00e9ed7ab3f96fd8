/**
 * Secrets as AES-256-GCM. Each tenant has a key of its own, derived from the master key (HKDF-SHA-256,
 * RFC 5869), and each encryption a random 96-bit IV. What is encrypted is bound to where it belongs: a row
 * that is copied to another tenant, principal, name or version does not decrypt.
 */
import { findKey, type Key, type Keyring } from '../keyring.ts'

/** Of the derivation and of the associated data; another number is another format. */
const FORMAT = 1
const IV_BYTES = 12
const TAG_BYTES = 16
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const MASTER_KEY = /^[0-9a-f]{64}$/i

export interface Sealed {
  keyId: string
  iv: ArrayBuffer
  data: ArrayBuffer
}

/** Where a value belongs. */
export interface Place {
  /** Empty for the tenant's own. */
  principal: string
  name: string
  version: number
}

/** `why` is public, and holds no part of a value. */
export type Opened = { ok: true; value: string } | { ok: false; why: string }

export class SecretCipher {
  readonly #tenant: string
  readonly #masterKeys: () => Keyring
  /** Cache, by master key id. */
  readonly #keys = new Map<string, Promise<CryptoKey>>()

  /** `masterKeys` may throw; it is asked when a key is needed. */
  constructor(tenant: string, masterKeys: () => Keyring) {
    this.#tenant = tenant
    this.#masterKeys = masterKeys
  }

  get newestKeyId(): string {
    return this.#masterKeys()[0].id
  }

  /** Under the newest master key. Throws `TypeError` for one that is absent or malformed. */
  async seal(place: Place, value: string): Promise<Sealed> {
    const [newest] = this.#masterKeys()
    const key = await this.#tenantKey(newest)
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
    const algorithm = { name: 'AES-GCM', iv, additionalData: this.#associatedData(place) }
    const data = await crypto.subtle.encrypt(algorithm, key, new TextEncoder().encode(value))
    return { keyId: newest.id, iv: iv.buffer, data }
  }

  async open(place: Place, { keyId, iv, data }: Sealed): Promise<Opened> {
    const master = this.#find(keyId)
    if (master === undefined) {
      return { ok: false, why: `it is encrypted under the master key ${keyId}, which is not there` }
    }
    try {
      const key = await this.#tenantKey(master)
      const algorithm = { name: 'AES-GCM', iv, additionalData: this.#associatedData(place) }
      const bytes = await crypto.subtle.decrypt(algorithm, key, data)
      return { ok: true, value: decoder.decode(bytes) }
    } catch {
      // A wrong key, a changed row and a copied row are one and the same here.
      return { ok: false, why: 'it does not decrypt' }
    }
  }

  #find(keyId: string): Key | undefined {
    try {
      return findKey(this.#masterKeys(), keyId)
    } catch {
      return undefined // no keyring at all: whoever stores a secret is told why
    }
  }

  #tenantKey(master: Key): Promise<CryptoKey> {
    let key = this.#keys.get(master.id)
    if (key === undefined) this.#keys.set(master.id, (key = deriveKey(master, this.#tenant)))
    return key
  }

  /** JSON tells its parts apart, whatever characters are in them. */
  #associatedData({ principal, name, version }: Place): Uint8Array {
    const owner = principal === '' ? null : principal
    return new TextEncoder().encode(JSON.stringify([FORMAT, this.#tenant, owner, name, version]))
  }
}

/** Bytes of the value that a ciphertext holds. */
export function valueBytes(ciphertextBytes: number): number {
  return ciphertextBytes - TAG_BYTES
}

async function deriveKey({ value }: Key, tenant: string): Promise<CryptoKey> {
  if (!MASTER_KEY.test(value)) {
    throw new TypeError('MASTER_KEY: a key must be 64 hexadecimal digits')
  }
  const bytes = Uint8Array.from(value.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  const master = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey'])
  const info = new TextEncoder().encode(JSON.stringify(['hearth secrets', FORMAT, tenant]))
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info },
    master,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}
