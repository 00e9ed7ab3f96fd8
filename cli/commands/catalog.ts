/** `hearth catalog`: how a tenant's servers are one at `/mcp`, as one document. */
import type { Command } from 'commander'
import { z } from 'zod'
import { openGateway, requireNoFile, withGateway, type GatewayOptions } from '../admin/gateway.ts'
import { print, read, toJSONLine } from '../admin/show.ts'
import { readJSONFile } from '../json-file.ts'

const Changed = z.looseObject({ version: z.number() })

const SET_HELP = `
Examples:
  hearth catalog show > catalog.json
  hearth catalog set catalog.json
  echo '{"naming": "conflict", "tools": "lazy"}' | hearth catalog set -

What is not in the file has its default. The catalog of hearth up's own tenant, local, is in its
configuration file, under "hearth".`

export function addCatalogCommand(program: Command): void {
  const catalog = program
    .command('catalog')
    .description('How the servers are one at /mcp: show, set.')
    .helpCommand(false)
  withGateway(catalog.command('show').description("Print a tenant's settings, as JSON.")).action(
    show,
  )
  withGateway(
    catalog
      .command('set <file>')
      .description('Replace them by those of a JSON file; - is standard input.')
      .addHelpText('after', SET_HELP),
  ).action(set)
}

/** JSON either way: settings have no better form. */
async function show(options: GatewayOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const answer = await api.send({ path: path('catalog') })
  print(options.json ? toJSONLine(answer) : `${JSON.stringify(answer.body, null, 2)}\n`)
}

async function set(file: string, options: GatewayOptions): Promise<void> {
  const gateway = await openGateway(options)
  requireNoFile(gateway, 'catalog')
  const { api, path } = gateway
  const body = readJSONFile(file)
  const answer = await api.send({ method: 'PUT', path: path('catalog'), body })
  if (options.json) return print(toJSONLine(answer))
  print(`configuration ${read(Changed, answer).version} has this catalog\n`)
}
