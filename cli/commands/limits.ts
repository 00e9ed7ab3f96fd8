/** `hearth limits`: rate limits, quotas and concurrency limits of a tenant, as one document. */
import type { Command } from 'commander'
import { z } from 'zod'
import { openGateway, requireNoFile, withGateway, type GatewayOptions } from '../admin/gateway.ts'
import { print, read, toJSONLine } from '../admin/show.ts'
import { readJSONFile } from '../json-file.ts'
import { toTable, type Cell } from '../table.ts'

const Limit = z.looseObject({
  name: z.string(),
  per: z.string(),
  algorithm: z.string(),
  limit: z.number(),
  windowMs: z.number().optional(),
  period: z.string().optional(),
  onFailure: z.string().optional(),
})
const LimitsAnswer = z.looseObject({ limits: z.array(Limit), shards: z.number() })

const SET_HELP = `
Examples:
  hearth limits show --json > limits.json
  hearth limits set limits.json
  echo '{"limits": [{"name": "per-minute", "per": "principal", "algorithm": "sliding-window",
    "limit": 60, "windowMs": 60000}], "shards": 1}' | hearth limits set -

The file has all limits of the tenant: what is not in it ends.`

export function addLimitsCommand(program: Command): void {
  const limits = program
    .command('limits')
    .description('Rate limits and quotas: show, set.')
    .helpCommand(false)
  withGateway(limits.command('show').description("Show a tenant's limits.")).action(show)
  withGateway(
    limits
      .command('set <file>')
      .description("Replace a tenant's limits by those of a JSON file; - is standard input.")
      .addHelpText('after', SET_HELP),
  ).action(set)
}

async function show(options: GatewayOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const answer = await api.send({ path: path('limits') })
  if (options.json) return print(toJSONLine(answer))
  const { limits } = read(LimitsAnswer, answer)
  print(toTable(['NAME', 'PER', 'ALGORITHM', 'LIMIT', 'WINDOW', 'ON FAILURE'], limits.map(toRow)))
}

function toRow(limit: z.infer<typeof Limit>): Cell[] {
  const { name, per, algorithm, windowMs, period, onFailure } = limit
  const window = windowMs === undefined ? period : `${windowMs / 1000} s`
  return [name, per, algorithm, limit.limit, window, onFailure]
}

async function set(file: string, options: GatewayOptions): Promise<void> {
  const gateway = await openGateway(options)
  requireNoFile(gateway, 'limits')
  const { api, path } = gateway
  const body = readJSONFile(file)
  const answer = await api.send({ method: 'PUT', path: path('limits'), body })
  print(options.json ? toJSONLine(answer) : 'the limits are set: everywhere within 30 s\n')
}
