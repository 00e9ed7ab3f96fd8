/** `hearth tenants`: for the operator of a gateway. */
import type { Command } from 'commander'
import { z } from 'zod'
import { toPath } from '../admin/admin-api.ts'
import { requireTenantName } from '../admin/destination.ts'
import { openGateway, withGateway, type GatewayOptions } from '../admin/gateway.ts'
import { hint, print, read, toJSONLine } from '../admin/show.ts'
import { parseCount } from '../count.ts'
import { toTable, toTime } from '../table.ts'

const TenantPage = z.looseObject({
  items: z.array(z.looseObject({ name: z.string(), createdAt: z.number() })),
  cursor: z.string().optional(),
})

interface ListOptions extends GatewayOptions {
  limit?: number
  cursor?: string
}

export function addTenantsCommand(program: Command): void {
  const tenants = program
    .command('tenants')
    .description('Tenants of a gateway: list, create, show, delete.')
    .helpCommand(false)
  const leaf = (signature: string, description: string): Command =>
    withGateway(tenants.command(signature).description(description), { hasTenant: false })
  leaf('list', 'List the tenants by name.')
    .option('--limit <number>', 'most tenants of a page (default: 100)', parseCount)
    .option('--cursor <cursor>', 'the page after this one')
    .action(list)
  leaf('create <tenant>', 'Make a tenant; it has no servers and no tokens yet.').action(create)
  leaf('show <tenant>', 'Show what a tenant has.').action(show)
  leaf('delete <tenant>', 'Delete a tenant and everything of it, for good.').action(remove)
}

async function list({ limit, cursor, ...options }: ListOptions): Promise<void> {
  const { api } = await openGateway(options)
  const answer = await api.send({ path: toPath('tenants'), query: { limit, cursor } })
  if (options.json) return print(toJSONLine(answer))
  const page = read(TenantPage, answer)
  print(
    toTable(
      ['NAME', 'CREATED'],
      page.items.map((it) => [it.name, toTime(it.createdAt)]),
    ),
  )
  if (page.cursor !== undefined) hint(`there are more: --cursor ${page.cursor}`)
}

async function create(tenant: string, options: GatewayOptions): Promise<void> {
  const { api, path } = await openTenant(tenant, options)
  const answer = await api.send({ method: 'PUT', path: path() })
  print(options.json ? toJSONLine(answer) : `tenant ${tenant} is there\n`)
}

async function show(tenant: string, options: GatewayOptions): Promise<void> {
  const { api, path } = await openTenant(tenant, options)
  const answer = await api.send({ path: path() })
  if (options.json) return print(toJSONLine(answer))
  const rows = Object.entries(read(z.looseObject({}), answer)).map(([key, value]) => {
    return [key, key.endsWith('At') && typeof value === 'number' ? toTime(value) : toText(value)]
  })
  print(toTable(['KEY', 'VALUE'], rows))
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

async function remove(tenant: string, options: GatewayOptions): Promise<void> {
  const { api, path } = await openTenant(tenant, options)
  const answer = await api.send({ method: 'DELETE', path: path() })
  print(options.json ? toJSONLine(answer) : `tenant ${tenant} is deleted\n`)
}

function openTenant(tenant: string, options: GatewayOptions) {
  return openGateway({ ...options, tenant: requireTenantName(tenant) })
}
