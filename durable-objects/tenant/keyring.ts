/** Versioned keys in one Worker secret: `id:value,id:value`, newest first. Pure. */

export interface Key {
  /** Stored beside what was made with the key. Never secret. */
  id: string
  value: string
}

/** Newest first: it makes what is new; the others only read what is old. */
export type Keyring = readonly [Key, ...Key[]]

const MAX_KEYS = 16
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/
/** Of a text that is one key without an id. */
const ONLY_KEY_ID = '1'

/**
 * A text without a colon is one key with the id `1`. Throws `TypeError`, which names the variable
 * and the position, never an id or a value: in a text of the wrong form an id may be a secret.
 */
export function parseKeyring(variable: string, text: string): Keyring {
  if (text.trim() === '') throw new TypeError(`${variable} must not be empty`)
  if (!text.includes(':')) return [{ id: ONLY_KEY_ID, value: text }]
  const items = text.split(',')
  if (items.length > MAX_KEYS) throw new TypeError(`${variable} has more than ${MAX_KEYS} keys`)
  const [newest, ...others] = items.map((item, at) => parseKey(variable, item.trim(), at + 1))
  if (newest === undefined) throw new TypeError(`${variable} must not be empty`)
  const keyring: Keyring = [newest, ...others]
  if (new Set(keyring.map(({ id }) => id)).size < keyring.length) {
    throw new TypeError(`${variable} has two keys of the same id`)
  }
  return keyring
}

export function findKey(keyring: Keyring, id: string): Key | undefined {
  return keyring.find((key) => key.id === id)
}

function parseKey(variable: string, item: string, position: number): Key {
  const colon = item.indexOf(':')
  const [id, value] = [item.slice(0, Math.max(colon, 0)), item.slice(colon + 1)]
  if (!KEY_ID.test(id)) {
    throw new TypeError(`${variable}: key ${position} must have the form id:value`)
  }
  if (value === '') throw new TypeError(`${variable}: key ${position} has no value`)
  return { id, value }
}
