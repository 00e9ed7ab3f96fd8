/** What every admin route is given. */
import type { AppEnv, Deps } from '../context.ts'
import type { Action } from './permissions.ts'

export type AdminDeps = Pick<
  Deps,
  | 'tenant'
  | 'serverHost'
  | 'directory'
  | 'knownTenants'
  | 'verdicts'
  | 'trusts'
  | 'catalogNames'
  | 'hasClientAddress'
  | 'log'
>

/** Behind `permit`, which sets both. */
export interface AdminEnv {
  Variables: AppEnv['Variables'] & {
    /** Empty where the path names none. */
    tenant: string
    attempt?: { action: Action; target?: string }
  }
}
