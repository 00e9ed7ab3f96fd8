/** What a data folder keeps over a restart, and what it keeps apart between tenants. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDataFolder } from '#cli/data-folder.ts'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, LegacyClient, readTool, send, type Target } from '#test/support/http-client.ts'
import { isRunning } from '#test/support/processes.ts'

const dataFolder = mkdtempSync(join(tmpdir(), 'hearth-data-'))
const servers = {
  interest: fixture('remembers-interest'),
  lists: fixture('changes-lists'),
  ticks: fixture('ticks', { warm: 1 }),
}
const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}'

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({ servers, dataFolder })
})

afterAll(async () => {
  await gateway?.stop()
  rmSync(dataFolder, { recursive: true, force: true })
})

test('sessions, their interests and their events outlive a restart of the whole gateway', async () => {
  const interested = await initialize(targetOf(gateway, 'interest'))
  await interested.request('logging/setLevel', { level: 'error' })
  await interested.request('resources/subscribe', { uri: 'test://kept' })
  const before = readTool<{ pid: number }>(await interested.call('interest'))
  const listening = await initialize(targetOf(gateway, 'lists'))
  const get = await listening.stream()
  await listening.call('update', { uri: 'test://1' })
  await get.message()
  get.disconnect()
  await listening.call('update', { uri: 'test://2' })

  await gateway.stop()
  expect(isRunning(before.pid)).toBe(false)
  const token = gateway.token
  gateway = await startGateway({ servers, dataFolder })

  expect(gateway.token).toBe(token)
  const again = new LegacyClient(targetOf(gateway, 'interest'), interested.sessionId)
  expect(readTool(await again.call('interest'))).toMatchObject({
    level: 'error',
    uris: ['test://kept'],
  })
  const back = new LegacyClient(targetOf(gateway, 'lists'), listening.sessionId)
  const resumed = await back.resume(get.lastEventId ?? '')
  expect((await resumed.message()).params?.uri).toBe('test://2')
  resumed.disconnect()
})

/** A second tenant with a server of the same name and the same command. */
async function otherTenant(): Promise<Target> {
  const { adminToken } = openDataFolder(dataFolder).secrets
  const admin = async (method: string, path: string, body: unknown): Promise<Response> => {
    const target = { url: `${gateway.url}/admin/tenants/other/${path}`, token: adminToken }
    const headers = { 'Content-Type': 'application/json' }
    const response = await send(target, method, headers, JSON.stringify(body))
    expect(response.status).toBe(200)
    return response
  }
  const { command, args } = servers.ticks
  await admin('PUT', 'servers', { ticks: { command, args } })
  const { token } = (await (await admin('POST', 'tokens', { name: 'test' })).json()) as Target
  return { url: gateway.mcpURL('ticks'), token }
}

test('tenants share neither sessions nor processes nor servers', async () => {
  const target = await otherTenant()
  const ours = await initialize(targetOf(gateway, 'ticks'))
  const theirs = await initialize(target)

  for (const method of ['POST', 'GET', 'DELETE']) {
    const response = await send(target, method, ours.headers, method === 'POST' ? PING : undefined)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ error: { data: { code: 'session_not_found' } } })
  }
  const [our, their] = [readTool(await ours.call('pid')), readTool(await theirs.call('pid'))]
  expect(our).not.toBe(their)
  const foreign = await send({ ...target, url: gateway.mcpURL('lists') }, 'POST', {}, PING)
  expect(foreign.status).toBe(404)
  expect(await foreign.json()).toMatchObject({ error: { data: { code: 'server_not_found' } } })
})
