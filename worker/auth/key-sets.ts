/**
 * Issuers' public keys by the URL of their JWKS (RFC 7517), as this isolate fetched them. jose's own
 * remote set fetches again at once when a server fails, and reads bodies of any length.
 */
import { BoundedMap } from '#protocol/bounded-map.ts'
import type { JSONWebKeySet } from 'jose'
import { JWKSMultipleMatchingKeys } from 'jose/errors'
import { createLocalJWKSet } from 'jose/jwks/local'
import { isObject } from '#protocol/json-rpc.ts'
import type { JWTHeader } from './jwt.ts'
import {
  FETCH_TIMEOUT_MS,
  isFetchDue,
  isKept,
  pendingFetches,
  type KeySetAge,
} from './key-set-age.ts'

/** URLs whose keys one isolate knows; the least recently used leave. */
const MAX_KEY_SETS = 256
const MAX_JWKS_BYTES = 65_536
const MAX_KEYS = 64
/** Tried for a token that names none. */
const MAX_CANDIDATES = 8

export type FindKeys = (header: JWTHeader) => Promise<CryptoKey[]>

/** A set cannot be had, which may pass. */
export interface NoKeys {
  /** For the log: no more of the URL than its host. */
  why: string
}

export interface KeySets {
  /** Those that may have signed. */
  find(url: string, header: JWTHeader): Promise<CryptoKey[] | NoKeys>
  /** Fetches the set again, if it is time to; true when it did. */
  renew(url: string): Promise<boolean>
}

interface KeySet extends KeySetAge {
  find?: FindKeys
  failure?: string
  startedAt: number[]
}

export interface KeySetOptions {
  fetch(url: string, init: RequestInit): Promise<Response>
  now(): number
}

export function createKeySets(options: KeySetOptions): KeySets {
  const sets = new BoundedMap<string, KeySet>(MAX_KEY_SETS)

  function open(url: string): KeySet {
    const set = sets.get(url) ?? { startedAt: [] }
    sets.set(url, set)
    return set
  }

  return {
    async find(url, header) {
      const set = open(url)
      if (isFetchDue(set, false, options.now())) await refresh(url, set, options)
      if (set.find !== undefined && isKept(set, options.now())) return set.find(header)
      return { why: `${new URL(url).host}: ${set.failure ?? 'too many wait for it'}` }
    },
    async renew(url) {
      const set = open(url)
      return isFetchDue(set, true, options.now()) && refresh(url, set, options)
    },
  }
}

/** The keys of a set that may have made a signature, by its algorithm and key id. */
export function createFinder(jwks: JSONWebKeySet): FindKeys {
  const local = createLocalJWKSet(jwks)
  return async (header) => {
    try {
      return [await local({ ...header })]
    } catch (error) {
      if (error instanceof JWKSMultipleMatchingKeys) return takeSome(error)
      return [] // none that fits, or one that is no key
    }
  }
}

/** True when the server answered with keys. */
async function refresh(url: string, set: KeySet, { fetch, now }: KeySetOptions): Promise<boolean> {
  const startedAt = now()
  set.startedAt = [...pendingFetches(set, startedAt), startedAt]
  try {
    const find = createFinder(await fetchJWKS(url, fetch))
    // One that a later answer overtook may have keys that were withdrawn since.
    if (startedAt >= (set.fetchedAt ?? -Infinity))
      Object.assign(set, { find, fetchedAt: startedAt })
    delete set.failedAt
    return true
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error)
    Object.assign(set, { failure, failedAt: now() })
    return false
  } finally {
    const at = set.startedAt.indexOf(startedAt)
    if (at !== -1) set.startedAt.splice(at, 1)
  }
}

async function fetchJWKS(url: string, fetch: KeySetOptions['fetch']): Promise<JSONWebKeySet> {
  const response = await fetch(url, {
    headers: { Accept: 'application/jwk-set+json, application/json' },
    // A redirect leads where nobody configured.
    redirect: 'manual',
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  })
  if (response.status !== 200) throw new TypeError(`status ${response.status}`)
  const value = parseJSON(await readText(response))
  if (!isObject(value) || !Array.isArray(value.keys)) throw new TypeError('no JWKS')
  return { keys: value.keys.filter(isObject).slice(0, MAX_KEYS) } as JSONWebKeySet
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let [text, length] = ['', 0]
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > MAX_JWKS_BYTES) throw new TypeError('a JWKS that is too long')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** The parser's message would quote what the server sent. */
function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new TypeError('no JSON')
  }
}

async function takeSome(keys: AsyncIterable<CryptoKey>): Promise<CryptoKey[]> {
  const some: CryptoKey[] = []
  for await (const key of keys) if (some.push(key) >= MAX_CANDIDATES) break
  return some
}
