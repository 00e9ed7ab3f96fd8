/**
 * A tenant's tokens. The tokens of one line, each rotated to the next, are one principal: the key id
 * of the first names it. Every wait is for an HMAC; what is decided is decided after it.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { Grants } from '#protocol/scopes.ts'
import { OPERATOR, type NewToken, type TokenInfo } from '#protocol/tenant.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Change } from '../change.ts'
import type { Keyring } from '../keyring.ts'
import { createTokenHasher, type TokenHash, type TokenHasher } from './token-hash.ts'
import {
  hasEnded,
  requireChangeable,
  requireRotatable,
  requireWithin,
  toGrantsText,
  toInfo,
} from './token-state.ts'
import { TokenStore, type TokenRow } from './token-store.ts'
import { createTokenText, formatToken, keyIdOf } from './token-text.ts'

const MAX_TOKENS = 1_000
const MAX_ENDED_TOKENS = 1_000
/** How long an ended token is still listed. */
const KEEP_ENDED_MS = 30 * 86_400_000
/** How exact `lastUsedAt` is. */
const USED_EVERY_MS = 60_000

/** The whole token, told once. */
export interface Made {
  token: string
  info: TokenInfo
}

export class TenantTokens {
  readonly #tenant: string
  readonly #audit: AuditLog
  readonly #store: TokenStore
  readonly #hasher: TokenHasher

  constructor(sql: SqlStorage, tenant: string, peppers: Keyring, audit: AuditLog) {
    this.#tenant = tenant
    this.#audit = audit
    this.#store = new TokenStore(sql)
    this.#hasher = createTokenHasher(peppers)
  }

  /**
   * Writes when it was used, at most once a minute, and its hash anew when the pepper is not the
   * newest, unless it `keepsNothing`. `exists`: whether the tenant does; one that does not takes as long to refuse.
   */
  async authenticate(
    { keyId, secret, keepsNothing }: { keyId: string; secret: string; keepsNothing: boolean },
    exists: () => boolean,
    now: number,
  ): Promise<TokenInfo | undefined> {
    const token = formatToken(this.#tenant, keyId, secret)
    const found = exists() ? this.#store.get(keyId) : undefined
    if (!(await this.#hasher.verify(token, found)) || found === undefined) return undefined
    const isOld = found.pepper !== this.#hasher.newest
    const renewed = isOld ? await this.#hasher.hash(token) : undefined
    // It may have been revoked meanwhile.
    const row = exists() ? this.#store.get(keyId) : undefined
    if (row === undefined || hasEnded(row, now)) return undefined
    if (keepsNothing) return toInfo(row)
    if (renewed) this.#store.rehash(keyId, found.pepper, renewed.hash, renewed.pepper)
    if (now - (row.lastUsedAt ?? 0) >= USED_EVERY_MS) this.#store.use(keyId, now)
    return toInfo(row)
  }

  list(now: number): TokenInfo[] {
    return this.#store.list(now - KEEP_ENDED_MS).map(toInfo)
  }

  count(now: number): number {
    return this.#store.countLive(now)
  }

  /** With `asked.token` it registers that one, for the operator alone: who chooses a key id chooses a principal. */
  async create(asked: NewToken, within: Grants | undefined, change: Change): Promise<Made> {
    requireWithin(asked.grants, within)
    requireFuture(asked.expiresAt, change.now)
    if (asked.token !== undefined) return this.#register(asked, asked.token, change)
    const token = createTokenText(this.#tenant)
    const hash = await this.#hasher.hash(token)
    return { token, info: this.#insert(token, hash, asked, change) }
  }

  async rotate(
    keyId: string,
    overlapMs: number,
    within: Grants | undefined,
    change: Change,
  ): Promise<Made & { old: TokenInfo }> {
    const { now } = change
    requireRotatable(this.#require(keyId), now)
    const token = createTokenText(this.#tenant)
    const hash = await this.#hasher.hash(token)
    const old = this.#require(keyId)
    requireRotatable(old, now)
    requireWithin(toInfo(old).grants, within)
    const next = this.#toRow(token, hash, { ...toInfo(old), ...toSameLife(old, now) }, change)
    this.#audit.commit(change, () => {
      this.#store.insert({ ...next, principal: old.principal })
      this.#store.replace(keyId, next.keyId, Math.min(old.expiresAt ?? Infinity, now + overlapMs))
      this.#store.trimEnded(now, MAX_ENDED_TOKENS)
      return { action: 'token.rotate', target: keyId, detail: { to: next.keyId, overlapMs } }
    })
    return { token, info: toInfo(this.#require(next.keyId)), old: toInfo(this.#require(keyId)) }
  }

  revoke(keyId: string, change: Change): TokenInfo {
    const row = this.#require(keyId)
    if (row.revokedAt !== null) return toInfo(row)
    this.#audit.commit(change, () => {
      this.#store.revoke(keyId, change.now)
      this.#store.trimEnded(change.now, MAX_ENDED_TOKENS)
      return { action: 'token.revoke', target: keyId }
    })
    return toInfo(this.#require(keyId))
  }

  /** Deletes what ended long ago. Returns whether anything is left that will. */
  sweep(now: number): boolean {
    this.#store.deleteEnded(now - KEEP_ENDED_MS)
    return this.#store.hasEnds()
  }

  async #register(asked: NewToken, token: string, change: Change): Promise<Made> {
    if (change.actor.by !== OPERATOR) {
      throw new GatewayError('forbidden', { detail: 'only the operator registers tokens' })
    }
    const keyId = keyIdOf(this.#tenant, token)
    if (keyId === undefined) {
      const detail = `a token of this tenant has the form hearth_${this.#tenant}_{8 hex}_{64 hex}`
      throw new GatewayError('invalid_params', { detail })
    }
    const hash = await this.#hasher.hash(token)
    const row = this.#store.get(keyId)
    if (row === undefined) return { token, info: this.#insert(token, hash, asked, change) }
    requireChangeable(row)
    const next = { ...row, ...hash, name: asked.name, grants: toGrantsText(asked.grants) }
    this.#change(row, { ...next, expiresAt: asked.expiresAt ?? null }, change)
    return { token, info: toInfo(this.#require(keyId)) }
  }

  #change(before: TokenRow, row: TokenRow, change: Change): void {
    if (isSameRegistration(before, row)) return
    this.#audit.commit(change, () => {
      this.#store.register(row)
      return { action: 'token.change', target: row.keyId, detail: describe(toInfo(row)) }
    })
  }

  #insert(token: string, hash: TokenHash, asked: NewToken, change: Change): TokenInfo {
    const row = this.#toRow(token, hash, asked, change)
    this.#audit.commit(change, () => {
      this.#store.insert(row)
      this.#store.trimEnded(change.now, MAX_ENDED_TOKENS)
      return { action: 'token.create', target: row.keyId, detail: describe(asked) }
    })
    return toInfo(row)
  }

  /** A new line's. Throws `invalid_params` when there is no room for it. */
  #toRow(token: string, hash: TokenHash, asked: NewToken, { actor, now }: Change): TokenRow {
    if (this.#store.countLive(now) >= MAX_TOKENS) {
      throw new GatewayError('invalid_params', { detail: `at most ${MAX_TOKENS} tokens` })
    }
    const keyId = keyIdOf(this.#tenant, token) ?? ''
    if (this.#store.isTaken(keyId)) {
      throw new GatewayError('invalid_params', { detail: `the key id ${keyId} is in use` })
    }
    return {
      ...{ keyId, ...hash, principal: `token:${keyId}`, name: asked.name },
      grants: toGrantsText(asked.grants),
      ...{ createdAt: now, createdBy: actor.by, expiresAt: asked.expiresAt ?? null },
      ...{ lastUsedAt: null, revokedAt: null, replacedBy: null },
    }
  }

  #require(keyId: string): TokenRow {
    const row = this.#store.get(keyId)
    if (row === undefined) throw new GatewayError('token_not_found')
    return row
  }
}

function requireFuture(expiresAt: number | undefined, now: number): void {
  if (expiresAt === undefined || expiresAt > now) return
  throw new GatewayError('invalid_params', { detail: 'expiresAt is in the past' })
}

/** As long as the old one had from its creation to its end. */
function toSameLife({ createdAt, expiresAt }: TokenRow, now: number): { expiresAt?: number } {
  return expiresAt === null ? {} : { expiresAt: now + (expiresAt - createdAt) }
}

function isSameRegistration(one: TokenRow, other: TokenRow): boolean {
  const [a, b] = [new Uint8Array(one.hash), new Uint8Array(other.hash)]
  return (
    one.name === other.name &&
    one.grants === other.grants &&
    one.expiresAt === other.expiresAt &&
    a.every((byte, at) => byte === b[at])
  )
}

function describe({ name, grants, expiresAt }: NewToken): Record<string, unknown> {
  return { name, scopes: grants.scopes, ...(expiresAt !== undefined && { expiresAt }) }
}
