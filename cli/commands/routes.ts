/** `hearth routes`: who answers what, and why. */
import { Option, type Command } from 'commander'
import { z } from 'zod'
import { openGateway, requireNoFile, withGateway, type GatewayOptions } from '../admin/gateway.ts'
import { print, read, toJSONLine } from '../admin/show.ts'
import { readJSONFile } from '../json-file.ts'
import { toPlain, toTable, type Cell } from '../table.ts'

const Patterns = z.array(z.string()).optional()
const Route = z.looseObject({
  name: z.string(),
  match: z.looseObject({ tools: Patterns, prompts: Patterns, resources: Patterns }).optional(),
  priority: z.number(),
  servers: z.array(z.looseObject({ server: z.string() })),
  strategy: z.string(),
})
const RoutesAnswer = z.looseObject({ routes: z.array(Route) })
const Changed = z.looseObject({ version: z.number() })
const Explanation = z.looseObject({ text: z.string() })

const SET_HELP = `
Examples:
  hearth routes show --json > routes.json
  hearth routes set routes.json
  echo '{"routes": [{"name": "search", "match": {"tools": ["{one,two}__search"]},
    "servers": ["one", "two"]}]}' | hearth routes set -

The file has all routes of the tenant: what is not in it ends. Those of hearth up's own tenant, local,
are in its configuration file, under "hearth".`

const EXPLAIN_HELP = `
Examples:
  hearth routes explain github__search_code
  hearth routes explain search_code --server github
  hearth routes explain file:///etc/hosts --kind resource --server files`

interface ExplainOptions extends GatewayOptions {
  kind: string
  server?: string
}

export function addRoutesCommand(program: Command): void {
  const routes = program
    .command('routes')
    .description('Who answers what: show, set, explain.')
    .helpCommand(false)
  withGateway(routes.command('show').description("Show a tenant's routes.")).action(show)
  withGateway(
    routes
      .command('set <file>')
      .description("Replace a tenant's routes by those of a JSON file; - is standard input.")
      .addHelpText('after', SET_HELP),
  ).action(set)
  withGateway(
    routes
      .command('explain <name>')
      .description('Say which route a name takes, and why.')
      .addOption(
        new Option('--kind <kind>', 'what the name is of')
          .choices(['tool', 'prompt', 'resource'])
          .default('tool'),
      )
      .option('--server <server>', "the name is this server's own")
      .addHelpText('after', EXPLAIN_HELP),
  ).action(explain)
}

async function show(options: GatewayOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const answer = await api.send({ path: path('routes') })
  if (options.json) return print(toJSONLine(answer))
  const { routes } = read(RoutesAnswer, answer)
  print(toTable(['NAME', 'PRIORITY', 'MATCH', 'STRATEGY', 'SERVERS'], routes.map(toRow)))
}

function toRow({ name, match, priority, servers, strategy }: z.infer<typeof Route>): Cell[] {
  const { tools = [], prompts = [], resources = [] } = match ?? {}
  const patterns = [...tools, ...prompts, ...resources].join(' ')
  const names = servers.map(({ server }) => server).join(' ')
  const isDefault = match === undefined
  const choice = servers.length > 1 ? strategy : undefined
  return [name, isDefault ? undefined : priority, isDefault ? '(default)' : patterns, choice, names]
}

async function set(file: string, options: GatewayOptions): Promise<void> {
  const gateway = await openGateway(options)
  requireNoFile(gateway, 'routes')
  const { api, path } = gateway
  const body = readJSONFile(file)
  const answer = await api.send({ method: 'PUT', path: path('routes'), body })
  if (options.json) return print(toJSONLine(answer))
  print(`configuration ${read(Changed, answer).version} has these routes\n`)
}

async function explain(name: string, { kind, server, ...options }: ExplainOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const answer = await api.send({ path: path('explain'), query: { kind, name, server } })
  if (options.json) return print(toJSONLine(answer))
  const lines = read(Explanation, answer).text.split('\n')
  print(`${lines.map(toPlain).join('\n')}\n`)
}
