/** A row of the matrix, and what it is filled in with. */
import type { HTTPRequest } from './ask.ts'
import type { Place } from './canaries.ts'
import type { CredentialName, Form, Kind } from './expected.ts'
import type { TenantName } from './tenant.ts'
import type { World } from './world.ts'

export interface Asked {
  world: World
  /** Whose names, sessions and ids are used. */
  tenant: TenantName
  /** What the path names: the tenant, or one that does not exist. */
  pathTenant: string
  credential: CredentialName
  /** Whether the answer is to be a success. */
  isGranted: boolean
}

export interface Endpoint {
  name: string
  kind: Kind
  form: Form
  toRequest(asked: Asked): HTTPRequest | Promise<HTTPRequest>
  /** In what is granted there must be the tenant's own. */
  shows?: Place
  /** The server tells its secrets. */
  tells?: true
}
