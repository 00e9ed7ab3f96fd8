/** A tenant with a server in each of two scripted hosts, and calls that a test answers itself. */
import { expect } from 'vitest'
import type { LegacyClient, Target } from '#test/support/http-client.ts'
import type { ScriptedGateway, ScriptedTenant } from '#test/support/scripted-gateway.ts'
import type { ScriptedHost } from '#test/support/scripted-host.ts'
import { answerAsLegacy } from './answers.ts'

export interface Placed {
  tenant: ScriptedTenant
  /** Of the server `near`, which is in `main`. */
  near: ScriptedHost
  /** Of the server `far`. */
  far: ScriptedHost
  /** Where `far` is; of no other tenant. */
  placement: string
  servers: object
  /** Both as one. */
  catalog: Target
}

export async function createPlaced(gateway: ScriptedGateway): Promise<Placed> {
  const tenant = await gateway.tenant()
  const placement = `own-${crypto.randomUUID().slice(0, 8)}`
  const [near, far] = [tenant.host, tenant.hostAt(placement)]
  near.script = { answer }
  far.script = { answer }
  const servers = {
    near: { command: 'near' },
    far: { command: 'far', placement },
    edge: { url: 'https://edge.example.com', placement: 'none', catalog: { isListed: false } },
  }
  await tenant.putServers(servers)
  const url = tenant.target.url.replace('/mcp/scripted', '/mcp')
  return { tenant, near, far, placement, servers, catalog: { ...tenant.target, url } }
}

/** One tool each; a call of it waits for the test. */
function answer(request: { method?: string }): object | undefined {
  if (request.method === 'tools/call') return undefined
  if (request.method !== 'tools/list') return answerAsLegacy(request)
  return { tools: [{ name: 'do', inputSchema: { type: 'object' } }] }
}

/** The last call that reached a host, of `count` in all. */
export async function callAt(host: ScriptedHost, count = 1) {
  const calls = () => host.requests('tools/call')
  await host.until(() => calls().length === count, `call ${count}`)
  const { channel, request } = calls().at(-1) ?? { channel: 0, request: {} }
  const respond = (): void => host.respond(channel, request.id ?? '', { content: [] })
  return { channel, respond }
}

/** A call that is under way, and its answer. */
export async function begin(client: LegacyClient, name: string, host: ScriptedHost, count = 1) {
  const answered = client.call(name)
  return { answered, ...(await callAt(host, count)) }
}

/** The channel of a call that was answered. */
export async function complete(
  client: LegacyClient,
  name: string,
  host: ScriptedHost,
  count = 1,
): Promise<number> {
  const { answered, channel, respond } = await begin(client, name, host, count)
  respond()
  expect((await answered).message.result).toEqual({ content: [] })
  return channel
}

/** Placements that objects keep in mind. */
export async function storedPlacements(gateway: ScriptedGateway): Promise<unknown[]> {
  return (await gateway.rows('placements')).map(({ name }) => name)
}
