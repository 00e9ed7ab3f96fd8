/** `hearth servers status`: how a tenant's servers fare at this moment. */
import type { Command } from 'commander'
import { z } from 'zod'
import { openGateway, withGateway, type GatewayOptions } from '../admin/gateway.ts'
import { hint, print, read, toJSONLine } from '../admin/show.ts'
import { toText } from '../start-failures.ts'
import { toTable, toTime, type Cell } from '../table.ts'

const Resilience = z.looseObject({
  health: z.string(),
  breaker: z.looseObject({ state: z.string(), since: z.number().optional() }).optional(),
  inFlight: z.number(),
  queued: z.number(),
  failures: z.number(),
  lastFailure: z.looseObject({ code: z.string(), at: z.number() }).optional(),
})
const Server = z.looseObject({
  name: z.string(),
  ready: z.boolean(),
  placement: z.string().optional(),
  error: z.string().optional(),
  output: z.array(z.string()).optional(),
  hint: z.string().optional(),
  resilience: Resilience.optional(),
  lists: z.looseObject({ notes: z.array(z.string()).optional() }).optional(),
})
const Status = z.looseObject({ servers: z.array(Server) })

const HEADER = [
  'NAME',
  'PLACEMENT',
  'READY',
  'HEALTH',
  'BREAKER',
  'SINCE',
  'IN FLIGHT',
  'QUEUED',
  'FAILURES',
  'LAST FAILURE',
]

const READY = 'READY: the server answered its first request, and its last start did not fail.'

export function addServerStatusCommand(servers: Command): void {
  withGateway(
    servers.command('status').description('Show how the servers of a tenant fare. Starts nothing.'),
  ).action(status)
}

async function status(options: GatewayOptions): Promise<void> {
  const { api, path, leftOut = [] } = await openGateway(options)
  const answer = await api.send({ path: path('status') })
  leftOut.forEach(hint)
  if (options.json) return print(toJSONLine(answer))
  const { servers } = read(Status, answer)
  print(toTable(HEADER, servers.map(toRow)))
  print(`\n${READY}\n`)
  for (const { name, ready, error, output, hint } of servers) {
    if (ready) continue
    if (error === undefined) print(`${name}: it was not started yet, or is being started\n`)
    else print(`${toText({ server: name, error, output, hint })}\n`)
  }
  for (const { name, lists } of servers) {
    for (const note of lists?.notes ?? []) print(`${name}: ${note}\n`)
  }
}

function toRow({ name, placement, ready, resilience }: z.output<typeof Server>): Cell[] {
  const { health, breaker, inFlight, queued, failures, lastFailure } = resilience ?? {}
  const failed =
    lastFailure === undefined ? undefined : `${lastFailure.code} ${toTime(lastFailure.at)}`
  return [
    ...[name, placement, ready ? 'yes' : 'no', health],
    ...[breaker?.state, toTime(breaker?.since), inFlight, queued, failures, failed],
  ]
}
