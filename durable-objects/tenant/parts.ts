/** What a Tenant object is made of. Each part owns its tables; they meet in `tenant.ts`. */
import { announce, type ServerHosts } from './announce.ts'
import { AuditLog } from './audit/audit-log.ts'
import { TenantConfig } from './config/config.ts'
import { parseKeyring } from './keyring.ts'
import { TenantSecrets } from './secrets/secrets.ts'
import { ensureSweep } from './sweep.ts'
import { TenantTokens } from './tokens/tokens.ts'

/** Both are keyrings; see keyring.ts. */
export interface TenantEnv {
  TOKEN_PEPPER: string
  /** Told of changes, where there are any. */
  SERVER_HOST?: ServerHosts
  /** Needed by the first secret. */
  MASTER_KEY?: string
}

export interface TenantParts {
  tenant: string
  storage: DurableObjectStorage
  config: TenantConfig
  tokens: TenantTokens
  secrets: TenantSecrets
  audit: AuditLog
}

/** Throws `TypeError` for a pepper of the wrong form. */
export function createParts({ id, storage }: DurableObjectState, env: TenantEnv): TenantParts {
  const { name: tenant } = id
  if (tenant === undefined) throw new TypeError('a Tenant object is reached by its name')
  const audit = new AuditLog(storage, () => {
    // Where it fails, the next change sets it.
    ensureSweep(storage, Date.now()).catch(() => {})
  })
  const config = new TenantConfig(storage, tenant, audit, (version) => {
    announce(env.SERVER_HOST, tenant, version)
  })
  const peppers = parseKeyring('TOKEN_PEPPER', env.TOKEN_PEPPER)
  const tokens = new TenantTokens(storage.sql, tenant, peppers, audit)
  const masterKeys = () => parseKeyring('MASTER_KEY', env.MASTER_KEY ?? '')
  const secrets = new TenantSecrets({ storage, masterKeys, tenant })
  return { tenant, storage, config, tokens, secrets, audit }
}
