/** `hearth status` for people: one screen. Pure. */
import { toSpan } from '../duration.ts'
import { toPlain, toTable, type Cell } from '../table.ts'
import { linesOf, nextSteps, reasonOf, stateOf, type GatewayStatus, type Server } from './report.ts'

const MEGABYTE = 1024 * 1024
/** Names of tenants on the line. */
const MAX_TENANTS = 8
/** Lines of a server's output. */
const MAX_OUTPUT_LINES = 3

const HEADER = ['SERVER', 'STATE', 'ERA', 'PROCESSES', 'TOOLS', 'LAST ANSWER']

/** `now`: `Date.now()` */
export function toStatusText(status: GatewayStatus, now: number): string {
  const { servers } = status
  const table =
    servers.length === 0
      ? ''
      : `\n${toTable(
          HEADER,
          servers.map((server) => toRow(server, now)),
        )}`
  const remarks = servers.flatMap(toRemarks)
  const steps = nextSteps(status).map((step) => `  ${toPlain(step)}`)
  return [
    ...toHead(status),
    table,
    ...(remarks.length > 0 ? [...remarks, ''] : []),
    ...(steps.length > 0 ? ['Next:', ...steps, ''] : []),
  ].join('\n')
}

function toHead({ gateway, tenant, tenants, memory }: GatewayStatus): string[] {
  const { url, version, uptimeMs } = gateway
  const facts = [
    url,
    version === undefined ? 'of an older version' : `hearth ${version}`,
    ...(uptimeMs === undefined ? [] : [`up ${toSpan(uptimeMs)}`]),
  ]
  return [
    `Gateway  ${facts.join(', ')}`,
    `Clients  ${url}/mcp`,
    `Tenant   ${tenant}${toOthers(tenant, tenants)}`,
    ...(memory === undefined ? [] : [`Memory   ${toMemory(memory)}`]),
  ].map(toPlain)
}

function toOthers(tenant: string, tenants: string[] = []): string {
  const others = tenants.filter((name) => name !== tenant)
  if (others.length === 0) return ''
  const more = others.length > MAX_TENANTS ? ', …' : ''
  return ` (others: ${others.slice(0, MAX_TENANTS).join(', ')}${more})`
}

function toMemory({ usedBytes, freeBytes }: NonNullable<GatewayStatus['memory']>): string {
  const used =
    usedBytes === undefined ? [] : [`${toMegabytes(usedBytes)} used by Hearth and its servers`]
  return [...used, `${toMegabytes(freeBytes)} free`].join(', ')
}

function toRow(server: Server, now: number): Cell[] {
  const { name, eras, processes, lists, resilience } = server
  const answeredAt = resilience?.answeredAt
  return [
    name,
    stateOf(server),
    eras.join(', '),
    processes,
    lists?.tools,
    answeredAt === undefined ? undefined : `${toSpan(now - answeredAt)} ago`,
  ]
}

function toRemarks(server: Server): string[] {
  const { name, lists } = server
  const reason = reasonOf(server)
  // Where it is known what to do, that is told instead.
  const lines = server.hint === undefined ? linesOf(server) : []
  const shown = lines.filter((line) => reason?.includes(line) === false).slice(-MAX_OUTPUT_LINES)
  return [
    ...(reason === undefined ? [] : [`${name}: ${reason}`]),
    ...shown.map((line) => `  ${line}`),
    ...(lists?.notes ?? []).map((note) => `${name}: ${note}`),
  ].map(toPlain)
}

function toMegabytes(bytes: number): string {
  return `${Math.round(bytes / MEGABYTE)} MB`
}
