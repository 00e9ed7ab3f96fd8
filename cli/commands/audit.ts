/** `hearth audit`: who did what to which server, token, secret or limit. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { z } from 'zod'
import { openGateway, withGateway, type Gateway, type GatewayOptions } from '../admin/gateway.ts'
import { hint, print, read, toJSONLine } from '../admin/show.ts'
import { parseSpan } from '../duration.ts'
import { describeFetchError, Failure } from '../failure.ts'
import { parseCount } from '../count.ts'
import { toTable, toTime, type Cell } from '../table.ts'

const Event = z.looseObject({
  time: z.number(),
  actor: z.looseObject({ by: z.string(), from: z.string().optional() }),
  action: z.string(),
  target: z.string().optional(),
  outcome: z.string(),
})
const EventPage = z.looseObject({ items: z.array(Event), cursor: z.string().optional() })

const HELP = `
Examples:
  hearth audit --since 24h
  hearth audit --action token.create --by operator
  hearth audit --since 30d --export > audit.jsonl

Newest first. --export writes one JSON line for each event, all of them.`

interface AuditOptions extends GatewayOptions {
  since?: number
  action?: string
  by?: string
  limit?: number
  cursor?: string
  export?: boolean
}

export function addAuditCommand(program: Command): void {
  withGateway(
    program
      .command('audit')
      .description('Who did what, when, and with which outcome.')
      .option('--since <duration>', 'how far back: 15m, 24h, 30d (default: all)', parseSpan)
      .option('--action <action>', 'only this, such as token.create')
      .option('--by <principal>', 'only by operator, or by this principal')
      .option('--limit <number>', 'most events of a page (default: 100)', parseCount)
      .option('--cursor <cursor>', 'the page after this one')
      .option('--export', 'JSON Lines on standard output, without pages')
      .addHelpText('after', HELP),
  ).action(audit)
}

async function audit(options: AuditOptions): Promise<void> {
  const gateway = await openGateway(options)
  const { since, action, by } = options
  const filter = {
    ...(since === undefined ? {} : { since: Date.now() - since }),
    ...(action === undefined ? {} : { action }),
    ...(by === undefined ? {} : { by }),
  }
  if (options.export) return exportAll(gateway, filter)
  const { limit, cursor } = options
  const query = { ...filter, limit, cursor }
  const answer = await gateway.api.send({ path: gateway.path('audit'), query })
  if (options.json) return print(toJSONLine(answer))
  const page = read(EventPage, answer)
  print(toTable(['TIME', 'BY', 'FROM', 'ACTION', 'TARGET', 'OUTCOME'], page.items.map(toRow)))
  if (page.cursor !== undefined) hint(`there are older events: --cursor ${page.cursor}`)
}

function toRow({ time, actor, action, target, outcome }: z.infer<typeof Event>): Cell[] {
  return [toTime(time), actor.by, actor.from, action, target, outcome]
}

async function exportAll({ api, path }: Gateway, query: Record<string, string | number>) {
  const lines = await api.open({ path: path('audit'), query: { ...query, format: 'jsonl' } })
  try {
    await pipeline(Readable.fromWeb(lines), process.stdout, { end: false })
  } catch (error) {
    throw new Failure(`the export is not whole: ${describeFetchError(error)}`)
  }
}
