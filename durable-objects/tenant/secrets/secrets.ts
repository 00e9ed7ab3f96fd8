/**
 * A tenant's secrets, its own and those of its principals. Values leave through `resolve` and `plain`
 * alone. `crypto.subtle` is asynchronous, so each change computes first, and then looks, checks and
 * writes in one synchronous turn.
 */
import { GatewayError } from '#protocol/errors.ts'
import { isPersonal, SECRET_NAME, type SecretReference } from '#protocol/secrets.ts'
import type { ServerConfigs } from '#protocol/server-config.ts'
import type { ResolvedServer, Rewrapped, SecretInfo } from '#protocol/tenant.ts'
import type { Keyring } from '../keyring.ts'
import { SecretCipher, type Opened } from './cipher.ts'
import {
  describePersonal,
  MAX_INSERTED_BYTES,
  planServer,
  resolveServer,
  type Plan,
} from './resolve.ts'
import { SecretStore, type SecretName, type SecretRow } from './store.ts'
import { randomHex } from '../../random-hex.ts'

/** Of UTF-8. The system takes no larger text as an argument or a variable than 128 KiB. */
const MAX_VALUE_BYTES = 32 * 1024
/** Of the tenant's own. */
const MAX_TENANT_SECRETS = 1_000
const MAX_SECRETS_PER_PRINCIPAL = 64
/** Of all principals together. */
const MAX_PERSONAL_SECRETS = 10_000
/** Secrets that a rewrapping names because they do not decrypt; all are counted. */
const MAX_NAMED_FAILURES = 20
const MAX_PRINCIPAL_CHARS = 1_024
/** Rows that are in memory at once while they are encrypted anew. */
const REWRAP_ROWS = 64
const REVISION_BYTES = 16

export interface TenantSecretsOptions {
  /** `SECRET_STEP` has run on it. */
  storage: DurableObjectStorage
  /** May throw; it is asked when a secret is encrypted or decrypted. */
  masterKeys: () => Keyring
  tenant: string
}

export class TenantSecrets {
  readonly #storage: DurableObjectStorage
  readonly #store: SecretStore
  readonly #cipher: SecretCipher
  readonly #tenant: string

  constructor({ storage, masterKeys, tenant }: TenantSecretsOptions) {
    this.#storage = storage
    this.#store = new SecretStore(storage)
    this.#cipher = new SecretCipher(tenant, masterKeys)
    this.#tenant = tenant
  }

  /** The tenant's own, or those of one principal. */
  list(principal?: string): SecretInfo[] {
    return this.#store.list(principal)
  }

  /**
   * Stores the next version of a secret. `alongside` runs in the same transaction: what it throws
   * undoes the change. Throws `invalid_params`, which never quotes the value.
   */
  async put(
    secret: SecretName & { value: string },
    now: number,
    alongside: (info: SecretInfo) => void = () => undefined,
  ): Promise<SecretInfo> {
    const { name, principal = '', value } = secret
    requireValidName(secret)
    requireValidValue(value)
    for (;;) {
      const version = this.#nextVersion(secret)
      const sealed = await this.#cipher.seal({ principal, name, version }, value)
      // Another change came meanwhile: the version is part of what was encrypted.
      if (this.#nextVersion(secret) !== version) continue
      return this.#storage.transactionSync(() => {
        this.#requireRoom(secret)
        this.#store.put({ principal, name, version, ...sealed }, randomHex(REVISION_BYTES), now)
        const { keyId } = sealed
        const owner = principal === '' ? {} : { principal }
        const info: SecretInfo = { name, ...owner, version, keyId, updatedAt: now }
        alongside(info)
        return info
      })
    }
  }

  /** Throws `secret_not_found`. Synchronous, so that a caller's transaction can hold it. */
  delete(secret: SecretName): void {
    requireValidName(secret)
    if (!this.#store.delete(secret)) throw new GatewayError('secret_not_found')
  }

  /**
   * What is launched for the enabled servers: without `principal`, personal servers are only
   * described; with it, those alone are resolved, as that principal's. One server's secret that is
   * missing or unusable does not keep the others from being resolved.
   */
  async resolve(
    servers: ServerConfigs,
    principal?: string,
  ): Promise<Record<string, ResolvedServer>> {
    const resolved: Record<string, ResolvedServer> = {}
    // What belongs together is read in one turn, before anything is waited for.
    const rows = new Map<string, SecretRow>()
    const plans: Plan[] = []
    let roomBytes = MAX_INSERTED_BYTES
    for (const [name, config] of Object.entries(servers)) {
      if (!config.enabled) continue
      if (principal === undefined && isPersonal(config)) resolved[name] = describePersonal(config)
      if (isPersonal(config) !== (principal !== undefined)) continue
      const find = (reference: SecretReference) => {
        const secret = toName(reference, principal)
        return secret && this.#store.head(secret)
      }
      const plan = planServer(name, config, { find, roomBytes })
      roomBytes -= plan.bytes
      plans.push(plan)
      if (plan.refusal === undefined) this.#readRows(plan, principal, rows)
    }
    const opened = await this.#openAll(rows)
    const owner = { tenant: this.#tenant, principal }
    for (const plan of plans) resolved[plan.name] = resolveServer(plan, opened, owner)
    return resolved
  }

  /** One of the tenant's own. `undefined` when it is not set; throws `secret_unusable`. */
  async plain(name: string): Promise<string | undefined> {
    const row = this.#store.row({ name })
    if (row === undefined) return undefined
    const opened = await this.#cipher.open(row, row)
    if (opened.ok) return opened.value
    throw new GatewayError('secret_unusable', { detail: `${name}: ${opened.why}` })
  }

  /**
   * Encrypts what is under another master key under the newest. What cannot be decrypted stays as it is, and
   * is counted, under whichever key it is: another key may have the newest one's id. May be repeated at any
   * time, also after it was cut short.
   */
  async rewrap(): Promise<Rewrapped> {
    const newest = this.#cipher.newestKeyId
    const report: Rewrapped = { rewrapped: 0, failed: 0, failures: [] }
    for (let after = { principal: '', name: '' }; ;) {
      const rows = this.#store.after(after, REWRAP_ROWS)
      const last = rows.at(-1)
      if (last === undefined) return report
      for (const row of rows) {
        const opened = await this.#cipher.open(row, row)
        if (!opened.ok) note(report, row, opened.why)
        if (!opened.ok || row.keyId === newest) continue
        const sealed = await this.#cipher.seal(row, opened.value)
        if (this.#store.rewrap(row, sealed)) report.rewrapped++
      }
      after = { principal: last.principal, name: last.name }
    }
  }

  #nextVersion(secret: SecretName): number {
    return (this.#store.head(secret)?.version ?? 0) + 1
  }

  /** Throws `invalid_params` when a new secret would be one too many. */
  #requireRoom(secret: SecretName): void {
    if (this.#store.head(secret) !== undefined) return
    const { principal = '' } = secret
    const most = principal === '' ? MAX_TENANT_SECRETS : MAX_SECRETS_PER_PRINCIPAL
    const whose = principal === '' ? 'a tenant' : 'a principal'
    if (this.#store.count(principal) >= most) throw invalid(`${whose} has at most ${most} secrets`)
    if (principal !== '' && this.#store.personalCount() >= MAX_PERSONAL_SECRETS) {
      throw invalid(`the principals have at most ${MAX_PERSONAL_SECRETS} secrets together`)
    }
  }

  #readRows({ references }: Plan, principal: string | undefined, rows: Map<string, SecretRow>) {
    for (const { reference } of references) {
      if (rows.has(reference.text)) continue
      const secret = toName(reference, principal)
      const row = secret && this.#store.row(secret)
      if (row !== undefined) rows.set(reference.text, row)
    }
  }

  async #openAll(rows: ReadonlyMap<string, SecretRow>): Promise<Map<string, Opened>> {
    const opened = [...rows].map(async ([text, row]) => {
      return [text, await this.#cipher.open(row, row)] as const
    })
    return new Map(await Promise.all(opened))
  }
}

function note(report: Rewrapped, { principal, name }: SecretRow, why: string): void {
  report.failed++
  if (report.failures.length >= MAX_NAMED_FAILURES) return
  report.failures.push({ name, ...(principal !== '' && { principal }), why })
}

/** `undefined` for a principal's secret without a principal. */
function toName(
  { owner, name }: SecretReference,
  principal: string | undefined,
): SecretName | undefined {
  if (owner === 'tenant') return { name }
  return principal === undefined || principal === '' ? undefined : { name, principal }
}

function requireValidName({ name, principal }: SecretName): void {
  if (!SECRET_NAME.test(name)) {
    throw invalid('the name of a secret begins with A-Z, and has A-Z, 0-9 and _, at most 64')
  }
  if (principal === undefined) return
  // An empty one is how the store writes "none".
  if (principal === '' || principal.length > MAX_PRINCIPAL_CHARS || !principal.isWellFormed()) {
    throw invalid(`a principal has 1 to ${MAX_PRINCIPAL_CHARS} characters`)
  }
}

function requireValidValue(value: string): void {
  const { length } = new TextEncoder().encode(value)
  if (length === 0 || length > MAX_VALUE_BYTES) {
    throw invalid(`the value of a secret has 1 to ${MAX_VALUE_BYTES} bytes`)
  }
  // Neither can be an argument or a variable.
  if (value.includes('\0') || !value.isWellFormed()) {
    throw invalid('the value of a secret is text without NUL characters; encode it, e.g. as base64')
  }
}

function invalid(detail: string): GatewayError {
  return new GatewayError('invalid_params', { detail })
}
