/** Servers of one tenant in several server hosts: what none of them can do to the others. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FRAME } from '#protocol/link/frame.ts'
import { initialize } from '#test/support/http-client.ts'
import { startScriptedGateway, type ScriptedGateway } from '#test/support/scripted-gateway.ts'
import type { ScriptedHost } from '#test/support/scripted-host.ts'
import { callAt, complete, createPlaced, storedPlacements, type Placed } from './placed.ts'

/** No wait for another host is as short. */
const AT_ONCE_MS = 1_500
/** A channel that no other test has. */
const CLAIMED = 9

let gateway: ScriptedGateway
let tenant: Placed['tenant']
let near: ScriptedHost
let far: ScriptedHost
let catalog: Placed['catalog']
let placement: string
let servers: object

beforeAll(async () => {
  gateway = await startScriptedGateway()
})

afterAll(() => gateway.stop())

beforeEach(async () => {
  ;({ tenant, near, far, placement, servers, catalog } = await createPlaced(gateway))
})

/** Dials of it succeed, and are never welcomed. */
function mute(host: ScriptedHost): void {
  host.script.onHello = () => undefined
}

test('a host cannot claim the process of a server of another placement', async () => {
  const client = await initialize(catalog)
  await complete(client, 'near__do', near)
  await complete(client, 'far__do', far)
  const key = `session:${client.sessionId}/near`
  far.script.onHello = (socket, hello) => {
    far.welcome(socket, hello, { channels: [{ channel: CLAIMED, key, server: 'far', digest: '' }] })
  }

  await tenant.evict()
  await complete(client, 'far__do', far, 2)

  await complete(client, 'near__do', near, 2)
  expect(far.requests('tools/call')).toHaveLength(2)
  expect(far.frames.some((one) => one.type === FRAME.close && one.channel === CLAIMED)).toBe(true)
})

describe('a host that does not answer', () => {
  test('delays nothing that is about all servers', async () => {
    const client = await initialize(catalog, { elicitation: {} })
    await complete(client, 'near__do', near)
    const call = client.openCall('far__do', {}, { progressToken: 'p' })
    const { channel } = await callAt(far)
    far.ask(channel, 7, 'elicitation/create', { message: 'which?' })
    const { id } = await (await call).message()
    await client.request('tools/list')
    mute(near)
    near.connections.at(-1)?.terminate()
    await near.until(() => near.connections.length === 2, 'second dial')

    const start = Date.now()
    await client.respond(id, { action: 'decline' })
    expect(far.answers(7)).toHaveLength(1)
    await client.request('ping')
    expect((await client.request('tools/list')).message.result).toBeDefined()
    expect(Date.now() - start).toBeLessThan(AT_ONCE_MS)
  })

  test('delays no call of another one after the object began anew', async () => {
    const client = await initialize(catalog)
    await complete(client, 'near__do', near)
    await complete(client, 'far__do', far)
    mute(far)

    await tenant.evict()
    const start = Date.now()
    await complete(client, 'near__do', near, 2)
    expect(Date.now() - start).toBeLessThan(AT_ONCE_MS)
  })

  test('costs the link of another one nothing, however much is kept for it', async () => {
    const client = await initialize(catalog)
    await complete(client, 'near__do', near)
    await complete(client, 'far__do', far)
    mute(far)
    const text = 'x'.repeat(500_000)
    for (let n = 0; n < 150; n++) client.call('far__do', { text }).catch(() => {}) // all are lost
    await far.until(() => far.connections.length > 1, 'cut', 30_000)

    for (let nth = 2; nth < 5; nth++) await complete(client, 'near__do', near, nth)
    expect(near.connections).toHaveLength(1)
  }, 60_000)
})

test('a server that moves while its host is dialled is called where it is by then', async () => {
  const client = await initialize(catalog)
  await complete(client, 'near__do', near)
  mute(far)
  const moved = client.call('far__do')
  await far.until(() => far.connections.length > 0, 'dial')

  await tenant.putServers({ ...servers, far: { command: 'far' } })

  const call = await callAt(near, 2)
  call.respond()
  expect((await moved).message.result).toEqual({ content: [] })
  expect(await storedPlacements(gateway)).not.toContain(placement)
  expect(far.connections).toHaveLength(1)
})
