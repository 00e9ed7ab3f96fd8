/** Which gateway a command speaks to, as whom, and about which tenant. */
import { resolve } from 'node:path'
import { TENANT_NAME, TOKEN } from '#protocol/tenant.ts'
import { LOCAL_TENANT } from '../data-folder.ts'
import { Failure } from '../failure.ts'

export interface DestinationOptions {
  url?: string
  tenant?: string
  /** Absent when the command line does not name one. */
  data?: string
}

export type Environment = Readonly<Record<string, string | undefined>>

export const DEFAULT_DATA_FOLDER = '.hearth'

export interface Destination {
  /** Ends with a slash; or the data folder, absolute, whose gateway it is. */
  gateway: { url: URL } | { dataFolder: string }
  /** Absent: the admin token of the data folder. */
  credential?: string
  tenant: string
}

/** Where a credential of the control plane is looked for, and one of the tenant's clients. */
export const ADMIN_CREDENTIALS = ['HEARTH_ADMIN_TOKEN', 'HEARTH_TOKEN'] as const
export const CLIENT_CREDENTIALS = ['HEARTH_TOKEN'] as const

/**
 * What is said on the command line goes before the environment. The admin token of a data folder
 * is for the gateway of that folder alone: another URL needs its credential said. Pure.
 */
export function chooseDestination(
  options: DestinationOptions,
  environment: Environment,
  names: readonly string[] = ADMIN_CREDENTIALS,
): Destination {
  if (options.url !== undefined && options.data !== undefined) {
    throw new Failure('--url and --data name two gateways: give one of them', 2)
  }
  const url =
    options.url ?? (options.data === undefined ? environment.HEARTH_URL || undefined : undefined)
  const credential = chooseCredential(environment, names)
  if (url !== undefined && credential === undefined) {
    const others = names.slice(0, -1).map((name) => `${name}, or `)
    throw new Failure(
      `a credential for ${toURL(url).origin} is needed: set ${others.join('')}HEARTH_TOKEN to a token of the tenant`,
    )
  }
  return {
    gateway:
      url === undefined
        ? { dataFolder: resolve(options.data ?? DEFAULT_DATA_FOLDER) }
        : { url: toURL(url) },
    ...(credential === undefined ? {} : { credential }),
    tenant: chooseTenant(options, environment, credential),
  }
}

/** The message does not repeat it. */
function chooseCredential(environment: Environment, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = environment[name]
    if (value === undefined || value === '') continue
    if (/^[\x21-\x7e]+$/.test(value)) return value
    throw new Failure(`${name} has a character that no token has, such as a space or a line break`)
  }
  return undefined
}

function chooseTenant(
  options: DestinationOptions,
  environment: Environment,
  credential: string | undefined,
): string {
  const [, ofToken] = TOKEN.exec(credential ?? '') ?? []
  const name = options.tenant ?? (environment.HEARTH_TENANT || undefined) ?? ofToken ?? LOCAL_TENANT
  return requireTenantName(name)
}

export function requireTenantName(name: string): string {
  if (TENANT_NAME.test(name)) return name
  throw new Failure(
    `${JSON.stringify(name)} cannot be a tenant: lowercase letters, digits and "-", at most 40`,
    2,
  )
}

function toURL(text: string): URL {
  const url = URL.parse(text)
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== '' ||
    url.password !== ''
  ) {
    throw new Failure('the URL of the gateway must be http:// or https://, without a user', 2)
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  url.search = ''
  url.hash = ''
  return url
}
