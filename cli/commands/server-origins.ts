/** `hearth servers origins`: how requests to a tenant's remote servers went, by origin. */
import type { Command } from 'commander'
import { z } from 'zod'
import { openGateway, withGateway, type GatewayOptions } from '../admin/gateway.ts'
import { hint, print, read, toJSONLine } from '../admin/show.ts'
import { toTable, type Cell } from '../table.ts'

const Figures = z.looseObject({
  origin: z.string(),
  requests: z.number(),
  successes: z.number(),
  failures: z.number(),
  meanLatencyMs: z.number(),
  h2Share: z.number(),
  inFlight: z.number(),
  mostInFlight: z.number(),
  connections: z.number(),
  placement: z.string().default('main'),
})
const Origins = z.looseObject({ isAwake: z.boolean(), origins: z.array(Figures) })

const HEADER = [
  ...['ORIGIN', 'REQUESTS', 'SUCCESSES', 'FAILURES', 'MEAN MS', 'HTTP/2'],
  ...['IN FLIGHT', 'MOST', 'CONNECTIONS', 'PLACEMENT'],
]

export function addServerOriginsCommand(servers: Command): void {
  withGateway(
    servers
      .command('origins')
      .description(
        'Show how requests from the host program to remote servers went. Starts nothing.',
      ),
  ).action(origins)
}

async function origins(options: GatewayOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const answer = await api.send({ path: path('origins') })
  if (options.json) return print(toJSONLine(answer))
  const report = read(Origins, answer)
  if (!report.isAwake) hint('the host program sleeps: figures begin when it starts')
  print(toTable(HEADER, report.origins.map(toRow)))
}

function toRow(figures: z.output<typeof Figures>): Cell[] {
  const { origin, requests, successes, failures, meanLatencyMs, h2Share } = figures
  const { inFlight, mostInFlight, connections, placement } = figures
  const share = `${Math.round(h2Share * 100)} %`
  return [
    ...[origin, requests, successes, failures, Math.round(meanLatencyMs), share],
    ...[inFlight, mostInFlight, connections, placement],
  ]
}
