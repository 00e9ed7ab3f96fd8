/** `hearth secrets rewrap`: every secret of a tenant, or of all tenants, under the newest master key. */
import type { Command } from 'commander'
import { z } from 'zod'
import { toPath } from '../admin/admin-api.ts'
import { openGateway, withGateway, type Gateway, type GatewayOptions } from '../admin/gateway.ts'
import { hint, print, read, toJSONLine } from '../admin/show.ts'
import { describeError, Failure } from '../failure.ts'

const PAGE_TENANTS = 1_000

const Report = z.looseObject({
  rewrapped: z.number(),
  // A gateway of before does not tell.
  failed: z.number().default(0),
  failures: z
    .array(z.looseObject({ name: z.string(), principal: z.string().optional(), why: z.string() }))
    .default([]),
})
const TenantPage = z.looseObject({
  items: z.array(z.looseObject({ name: z.string() })),
  cursor: z.string().optional(),
})

const HELP = `
Ends with 1 when a secret does not decrypt: its master key is missing from MASTER_KEY, or another one
has its id. Keep the former key until this ends with 0 for all tenants.

Examples:
  hearth secrets rewrap --tenant acme
  hearth secrets rewrap --all`

interface RewrapOptions extends GatewayOptions {
  all?: boolean
}

/** Secrets of one tenant, or of all that were asked. */
interface Sum {
  rewrapped: number
  failed: number
  /** Tenants that gave no answer. */
  unanswered: number
}

export function addRewrapCommand(secrets: Command): void {
  withGateway(
    secrets
      .command('rewrap')
      .description('Encrypt all of them under the newest master key.')
      .option('--all', 'those of every tenant; for the operator')
      .addHelpText('after', HELP),
  ).action(rewrap)
}

async function rewrap(options: RewrapOptions): Promise<void> {
  if (options.all && options.tenant !== undefined) {
    throw new Failure('--all is every tenant: leave --tenant out', 2)
  }
  const gateway = await openGateway(options)
  const sum: Sum = { rewrapped: 0, failed: 0, unanswered: 0 }
  if (options.all) {
    for await (const tenant of tenantsOf(gateway))
      await rewrapOneOfAll(gateway, tenant, options, sum)
  } else {
    add(sum, await rewrapTenant(gateway, gateway.tenant, options))
  }
  if (!options.json) {
    print(`${sum.rewrapped} secrets were encrypted under the newest master key\n`)
  }
  requireComplete(sum)
}

/** What one tenant does not answer keeps no other one from it. */
async function rewrapOneOfAll(
  gateway: Gateway,
  tenant: string,
  options: RewrapOptions,
  sum: Sum,
): Promise<void> {
  try {
    add(sum, await rewrapTenant(gateway, tenant, options))
  } catch (error) {
    sum.unanswered++
    hint(`${tenant}: ${describeError(error)}`)
  }
}

async function rewrapTenant(
  { api }: Gateway,
  tenant: string,
  { json, all }: RewrapOptions,
): Promise<Omit<Sum, 'unanswered'>> {
  const path = toPath('tenants', tenant, 'secrets', 'rewrap')
  const answer = await api.send({ method: 'POST', path })
  const report = read(Report, answer)
  if (json) print(all ? `${JSON.stringify({ tenant, ...report })}\n` : toJSONLine(answer))
  for (const { name, principal, why } of report.failures) {
    const whose = principal === undefined ? tenant : `${tenant} (${principal})`
    hint(`${name} of ${whose}: ${why}`)
  }
  const { rewrapped, failed, failures } = report
  if (failed > failures.length) hint(`and ${failed - failures.length} more of ${tenant}`)
  return { rewrapped, failed }
}

async function* tenantsOf({ api }: Gateway): AsyncGenerator<string> {
  for (let cursor: string | undefined; ;) {
    const query = { limit: PAGE_TENANTS, cursor }
    const page = read(TenantPage, await api.send({ path: toPath('tenants'), query }))
    yield* page.items.map(({ name }) => name)
    if (page.cursor === undefined) return
    cursor = page.cursor
  }
}

function add(sum: Sum, { rewrapped, failed }: Omit<Sum, 'unanswered'>): void {
  sum.rewrapped += rewrapped
  sum.failed += failed
}

function requireComplete({ failed, unanswered }: Sum): void {
  const parts = [
    ...(failed > 0
      ? [`${failed} secrets do not decrypt: bring their key back, or set them again`]
      : []),
    ...(unanswered > 0 ? [`${unanswered} tenants did not answer: repeat it`] : []),
  ]
  if (parts.length > 0) throw new Failure(parts.join('; '))
}
