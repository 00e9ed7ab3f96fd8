/** The options that every control-plane command has, and the gateway that they name. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { LOCAL_TENANT } from '../data-folder.ts'
import { findEndpoint } from '../endpoint-file.ts'
import { describeError, Failure } from '../failure.ts'
import { AdminAPI, toPath } from './admin-api.ts'
import { chooseDestination, type Destination, type DestinationOptions } from './destination.ts'

export interface GatewayOptions extends DestinationOptions {
  json?: boolean
}

export interface Gateway {
  api: AdminAPI
  tenant: string
  /** `tenants/{tenant}/…`. */
  path(...parts: string[]): string
  /** Ends with a slash. */
  url: URL
  /** Of a gateway that was found by its data folder: it runs on this machine. */
  dataFolder?: string
  /** The file that it has set this tenant from, and sets it from again. */
  configFile?: string
  /** Servers of that file that are left out: a line each. */
  leftOut?: string[]
}

const OPTIONS_HEADING = 'Gateway options:'

const WHERE = `
Without --url and HEARTH_URL: the gateway that \`hearth up\` runs on the data folder, with its admin
token. Elsewhere the credential is HEARTH_ADMIN_TOKEN, or HEARTH_TOKEN with a token of the tenant.`

const WHERE_AS_CLIENT = `
Without --url and HEARTH_URL: the gateway that \`hearth up\` runs on the data folder, with the token of
its clients. Elsewhere, and for other tenants, the token is HEARTH_TOKEN.`

/** `--tenant` is left out where the tenant is an argument. */
export function withGateway(
  command: Command,
  { hasTenant = true, isClient = false } = {},
): Command {
  command.optionsGroup(OPTIONS_HEADING).option('--url <url>', 'the gateway (or HEARTH_URL)')
  if (hasTenant) {
    command.option('--tenant <name>', "whose (or HEARTH_TENANT; default: the token's, or local)")
  }
  return command
    .option('--data <folder>', 'the data folder of the gateway (default: .hearth)')
    .option('--json', 'print the answer of the gateway as it is')
    .addHelpText('after', isClient ? WHERE_AS_CLIENT : WHERE)
}

export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { gateway, credential, tenant } = chooseDestination(options, process.env)
  const path = (...parts: string[]): string => toPath('tenants', tenant, ...parts)
  const url = await locate(gateway)
  if ('url' in gateway) return { api: new AdminAPI(url, credential ?? ''), tenant, path, url }
  const { dataFolder } = gateway
  const { configFile, leftOut = [] } = (await findEndpoint(dataFolder)) ?? {}
  const token = credential ?? readSecret(dataFolder, 'adminToken')
  const lines = leftOut.map(({ name, problems }) => {
    return `server ${JSON.stringify(name)} is left out: ${problems.join('; ')}`
  })
  const isOfFile = tenant === LOCAL_TENANT && configFile !== undefined
  const file = isOfFile ? { configFile, leftOut: lines } : {}
  return { api: new AdminAPI(url, token), tenant, path, url, dataFolder, ...file }
}

/** What is set beside the file would be lost with the next start: it is refused. */
export function requireNoFile({ tenant, configFile }: Gateway, setting: string): void {
  if (configFile === undefined) return
  throw new Failure(
    `the ${setting} of ${tenant} are what ${configFile} says: write them there, as ` +
      `{"hearth": {${JSON.stringify(setting)}: …}}; hearth up takes them over within a second`,
  )
}

/** Ends with a slash. Throws `Failure` when no gateway runs on the data folder. */
export async function locate(gateway: Destination['gateway']): Promise<URL> {
  if ('url' in gateway) return gateway.url
  const endpoint = await findEndpoint(gateway.dataFolder)
  if (endpoint !== undefined) return new URL(endpoint.url)
  throw new Failure(
    `no gateway runs on ${gateway.dataFolder}: start one with hearth up, or name another by --data or --url`,
  )
}

const Secrets = z.looseObject({ adminToken: z.string().min(1), token: z.string().min(1) })

/** Of a data folder: of its administrator, or of the clients of the tenant `local`. */
export function readSecret(folder: string, name: 'adminToken' | 'token'): string {
  const file = join(folder, 'secrets.json')
  try {
    return Secrets.parse(JSON.parse(readFileSync(file, 'utf8')))[name]
  } catch (error) {
    // A message of the parser's would quote the file.
    const isSystem = error instanceof Error && 'code' in error
    throw new Failure(`cannot read ${file}: ${isSystem ? describeError(error) : 'it is damaged'}`)
  }
}
