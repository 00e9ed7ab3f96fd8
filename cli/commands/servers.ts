/** `hearth servers`: a tenant's servers, from the same files as `hearth up` reads. */
import type { Command } from 'commander'
import { z } from 'zod'
import { describeKnownNames } from '#protocol/known-names.ts'
import { findVisibleSecrets } from '../config/visible-secrets.ts'
import { tellOfFile } from '../config/warnings.ts'
import { readConfigFile, type ReadConfig } from '../config-file.ts'
import { openGateway, withGateway, type GatewayOptions } from '../admin/gateway.ts'
import { hint, print, read, toJSONLine } from '../admin/show.ts'
import { Failure } from '../failure.ts'
import { toTable } from '../table.ts'
import { addImportCommand } from './import-servers.ts'
import { addServerOriginsCommand } from './server-origins.ts'
import { addServerStatusCommand } from './server-status.ts'

const Server = z.looseObject({
  command: z.string().optional(),
  args: z.array(z.string()).default([]),
  url: z.string().optional(),
  enabled: z.boolean(),
})
const ServerList = z.looseObject({ servers: z.record(z.string(), Server) })
const Changed = z.looseObject({ version: z.number() })

const SET_HELP = `
Examples:
  hearth servers set hearth.json
  hearth servers set hearth.json --only github
  hearth servers set hearth.json --tenant acme --url https://hearth.example

Without --only, a server that is not in the file ends. \${VAR} is filled in here, \${secret:NAME} where
the server starts. hearth up sets the servers of its own tenant, local, at each start.`

export function addServersCommand(program: Command): void {
  const servers = program
    .command('servers')
    .description('Servers of a tenant: list, show, set, remove, import, status, origins.')
    .helpCommand(false)
  withGateway(servers.command('list').description('List the servers of a tenant.')).action(list)
  withGateway(
    servers.command('show <server>').description('Print the configuration of a server, as JSON.'),
  ).action(show)
  withGateway(
    servers
      .command('set <file>')
      .description('Set the servers of a tenant to those of a configuration file.')
      .option('--only <server>', 'set this one of the file, and leave the others as they are')
      .addHelpText('after', SET_HELP),
  ).action(set)
  withGateway(servers.command('remove <server>').description('Remove a server.')).action(remove)
  addImportCommand(servers)
  addServerStatusCommand(servers)
  addServerOriginsCommand(servers)
}

async function list(options: GatewayOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const answer = await api.send({ path: path('servers') })
  if (options.json) return print(toJSONLine(answer))
  const rows = Object.entries(read(ServerList, answer).servers).map(([name, server]) => {
    return [
      name,
      server.enabled ? 'yes' : 'no',
      server.url ?? [server.command, ...server.args].join(' '),
    ]
  })
  print(toTable(['NAME', 'ENABLED', 'COMMAND'], rows))
}

/** JSON either way: a configuration has no better form. */
async function show(server: string, options: GatewayOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const answer = await api.send({ path: path('servers', server) })
  print(options.json ? toJSONLine(answer) : `${JSON.stringify(answer.body, null, 2)}\n`)
}

async function set(file: string, options: GatewayOptions & { only?: string }): Promise<void> {
  const { api, path, dataFolder } = await openGateway(options)
  const config = readConfigFile({
    path: file,
    environment: process.env,
    ...(dataFolder === undefined ? {} : { dataFolder }),
  })
  const { only } = options
  const { servers, refused } = only === undefined ? config : takeOne(config, only, file)
  // The process list that they speak of is the gateway's machine's.
  if (dataFolder !== undefined) findVisibleSecrets(servers).forEach(hint)
  tellOfFile(
    { ...config, refused },
    { write: (_level, text) => hint(text) },
    only === undefined ? undefined : new Set([only]),
  )
  // Asked first: a tenant of a mistyped name is not made, and what is refused goes on as it was.
  const stored = read(ServerList, await api.send({ path: path('servers') })).servers
  const kept = refused.filter(({ name }) => Object.hasOwn(stored, name))
  const all = { ...servers, ...Object.fromEntries(kept.map(({ name }) => [name, stored[name]])) }
  const body = only === undefined ? all : servers[only]
  const target = only === undefined ? path('servers') : path('servers', only)
  const answer = await api.send({ method: 'PUT', path: target, body })
  if (refused.length > 0) process.exitCode = 1
  if (options.json) return print(toJSONLine(answer))
  const names = only === undefined ? Object.keys(all) : [only]
  print(`configuration ${read(Changed, answer).version} has ${names.join(', ') || 'no server'}\n`)
}

/** Throws `Failure` with what is wrong with it, where it is in the file. */
function takeOne(config: ReadConfig, only: string, file: string): ReadConfig {
  const server = Object.hasOwn(config.servers, only) ? config.servers[only] : undefined
  if (server !== undefined) return { ...config, servers: { [only]: server }, refused: [] }
  const refused = config.refused.find(({ name }) => name === only)
  if (refused !== undefined)
    throw new Failure(refused.problems.map((one) => `${file}: ${one}`).join('\n'))
  const names = [...Object.keys(config.servers), ...config.refused.map(({ name }) => name)]
  throw new Failure(
    `${file} has no server ${JSON.stringify(only)}: ${describeKnownNames(only, names)}`,
  )
}

async function remove(server: string, options: GatewayOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const answer = await api.send({ method: 'DELETE', path: path('servers', server) })
  print(options.json ? toJSONLine(answer) : `server ${server} is removed\n`)
}
