/** `hearth status`: the gateway, its servers, and what to do next, on one screen. */
import type { Command } from 'commander'
import { z } from 'zod'
import { openGateway, withGateway, type Gateway, type GatewayOptions } from '../admin/gateway.ts'
import { hint, print, read } from '../admin/show.ts'
import { findEndpoint } from '../endpoint-file.ts'
import { Failure } from '../failure.ts'
import { readMachineMemory } from '../status/machine.ts'
import { nextSteps, StatusReport, type GatewayStatus } from '../status/report.ts'
import { toStatusText } from '../status/text.ts'

const TENANTS_SHOWN = 20
const TenantPage = z.looseObject({ items: z.array(z.looseObject({ name: z.string() })) })

const HELP = `
Starts nothing, and wakes no container. --json is one document with the gateway, the servers as the API
reports them, and what to do next. hearth servers status has the figures of breakers and queues.`

export function addStatusCommand(program: Command): void {
  withGateway(
    program
      .command('status')
      .description('Show the gateway, its servers, and what to do next.')
      .addHelpText('after', HELP),
  ).action(show)
}

async function show(options: GatewayOptions): Promise<void> {
  const gateway = await openGateway(options)
  const now = Date.now()
  const status = await gather(gateway, now)
  gateway.leftOut?.forEach(hint)
  print(
    options.json
      ? `${JSON.stringify({ ...status, next: nextSteps(status) })}\n`
      : toStatusText(status, now),
  )
}

async function gather(gateway: Gateway, now: number): Promise<GatewayStatus> {
  const { api, path, tenant, url, dataFolder } = gateway
  const [answer, tenants, local] = await Promise.all([
    api.send({ path: path('status') }),
    listTenants(gateway),
    dataFolder === undefined ? undefined : readLocal(dataFolder, now),
  ])
  const { version, servers } = read(StatusReport, answer)
  const { memory, uptimeMs } = local ?? {}
  return {
    gateway: {
      url: url.href.replace(/\/$/, ''),
      ...(version !== undefined && { version }),
      ...(uptimeMs !== undefined && { uptimeMs }),
    },
    tenant,
    ...(tenants !== undefined && { tenants }),
    ...(memory !== undefined && { memory }),
    servers,
  }
}

/** `undefined` for whom is not the operator. */
async function listTenants({ api }: Gateway): Promise<string[] | undefined> {
  try {
    const answer = await api.send({ path: 'tenants', query: { limit: TENANTS_SHOWN } })
    return read(TenantPage, answer).items.map(({ name }) => name)
  } catch (error) {
    if (error instanceof Failure) return undefined
    throw error
  }
}

async function readLocal(dataFolder: string, now: number) {
  const endpoint = await findEndpoint(dataFolder)
  if (endpoint === undefined) return undefined
  const { pid, startedAt } = endpoint
  return {
    memory: readMachineMemory(pid),
    ...(startedAt !== undefined && { uptimeMs: now - startedAt }),
  }
}
