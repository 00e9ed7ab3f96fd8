/**
 * One tenant: its servers' configuration and the hashes of its tokens. Named for the tenant.
 * It is not on the way of a warm call: the worker caches its verdicts, server hosts its configuration.
 */
import { DurableObject } from 'cloudflare:workers'
import { GatewayError } from '#protocol/errors.ts'
import { ServerConfigs } from '#protocol/server-config.ts'
import { TENANT_NAME, type TenantStub, type Verdict } from '#protocol/tenant.ts'
import { createTenantStore, type TenantStore } from './store.ts'
import { createToken, createTokenHasher, formatToken, keyIdOf, type TokenHasher } from './tokens.ts'

/** Below the 2 MB that a row of a Durable Object's SQLite may hold. */
const MAX_CONFIG_CHARS = 480_000
const MAX_TOKENS = 1000

export interface TenantEnv {
  TOKEN_PEPPER: string
}

export class Tenant extends DurableObject<TenantEnv> implements TenantStub {
  readonly #store: TenantStore
  readonly #tokens: TokenHasher
  /** Cache of what a verdict says of the configuration. */
  #summary: Pick<Verdict, 'configVersion' | 'servers'> | undefined

  constructor(ctx: DurableObjectState, env: TenantEnv) {
    super(ctx, env)
    this.#store = createTenantStore(ctx.storage)
    this.#tokens = createTokenHasher(env.TOKEN_PEPPER)
  }

  async authenticate(keyId: string, secret: string): Promise<Verdict | undefined> {
    const summary = (this.#summary ??= summarize(this.#store))
    if (summary === undefined) return undefined
    const tenant = this.#name()
    const token = formatToken(tenant, keyId, secret)
    const row = this.#store.token(keyId)
    if (!(await this.#tokens.verify(token, row?.hash))) return undefined
    return { tenant, principal: `token:${keyId}`, ...summary }
  }

  async config(): Promise<{ version: number; servers: ServerConfigs } | undefined> {
    return readConfig(this.#store)
  }

  async putServers(servers: ServerConfigs): Promise<number> {
    const name = this.#name()
    if (!TENANT_NAME.test(name)) {
      throw new GatewayError('invalid_params', { detail: `"${name}" is not a tenant name` })
    }
    const text = JSON.stringify(servers)
    if (text.length > MAX_CONFIG_CHARS) {
      const detail = `${text.length} characters of JSON, at most ${MAX_CONFIG_CHARS}`
      throw new GatewayError('invalid_config', { detail })
    }
    const version = this.#store.putConfig(text, Date.now())
    this.#summary = undefined
    return version
  }

  async addToken(name: string, token?: string): Promise<string> {
    if (this.#store.config() === undefined) throw new GatewayError('tenant_not_found')
    const tenant = this.#name()
    const whole = token ?? createToken(tenant)
    const keyId = keyIdOf(tenant, whole)
    if (keyId === undefined) {
      const detail = `a token of this tenant has the form hearth_${tenant}_{8 hex}_{64 hex}`
      throw new GatewayError('invalid_params', { detail })
    }
    const hash = await this.#tokens.hash(whole)
    if (this.#store.token(keyId) === undefined && this.#store.tokenCount() >= MAX_TOKENS) {
      throw new GatewayError('invalid_params', { detail: `at most ${MAX_TOKENS} tokens` })
    }
    this.#store.putToken(keyId, { name, hash }, Date.now())
    return whole
  }

  #name(): string {
    const { name } = this.ctx.id
    if (name === undefined) throw new TypeError('a Tenant object is reached by its name')
    return name
  }
}

function readConfig(store: TenantStore): { version: number; servers: ServerConfigs } | undefined {
  const row = store.config()
  // Parsed by the schema, so that a configuration stored before a key existed has its default.
  return row && { version: row.version, servers: ServerConfigs.parse(JSON.parse(row.servers)) }
}

function summarize(store: TenantStore): Pick<Verdict, 'configVersion' | 'servers'> | undefined {
  const config = readConfig(store)
  if (config === undefined) return undefined
  const enabled = Object.entries(config.servers).filter(([, server]) => server.enabled)
  return { configVersion: config.version, servers: enabled.map(([name]) => name) }
}
