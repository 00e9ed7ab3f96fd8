/** Servers of one tenant in several server hosts: what a session has in each, and what one loses alone. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ConfigureMeta } from '#protocol/link.ts'
import { FRAME } from '#protocol/link/frame.ts'
import { initialize } from '#test/support/http-client.ts'
import { startScriptedGateway, type ScriptedGateway } from '#test/support/scripted-gateway.ts'
import type { ScriptedHost } from '#test/support/scripted-host.ts'
import { begin, callAt, complete, createPlaced, storedPlacements, type Placed } from './placed.ts'

/** What a host that does not answer may cost the others. */
const SOON_MS = 5_000

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

const launchesOf = (host: ScriptedHost): string[] => {
  const { meta } = host.frames.findLast(({ type }) => type === FRAME.configure) ?? {}
  return (meta as ConfigureMeta).launches.map(({ name }) => name)
}

/** Its processes are gone, and it is another one for who dials it. */
function die(host: ScriptedHost): void {
  host.takeEpoch('another')
  host.connections.at(-1)?.terminate()
}

test('a session has a leg in each, and each host runs its own servers alone', async () => {
  const client = await initialize(catalog)

  await complete(client, 'near__do', near)
  await complete(client, 'far__do', far)

  expect(launchesOf(near)).toEqual(['near'])
  expect(launchesOf(far)).toEqual(['far'])
})

describe('a host that is lost', () => {
  test('fails its own call alone, and its leg begins anew with the next one', async () => {
    const client = await initialize(catalog)
    const [kept, lost] = [
      await begin(client, 'near__do', near),
      await begin(client, 'far__do', far),
    ]

    die(far)

    expect((await lost.answered).message.error?.data).toMatchObject({ code: 'server_exited' })
    kept.respond()
    expect((await kept.answered).message.result).toEqual({ content: [] })
    const again = await complete(client, 'far__do', far, 2)
    expect(again).not.toBe(lost.channel)
    expect(await complete(client, 'near__do', near, 2)).toBe(kept.channel)
    expect(near.connections).toHaveLength(1)
  })

  test('for a moment loses nothing: its call is answered over the next link', async () => {
    const client = await initialize(catalog)
    const { answered, respond } = await begin(client, 'far__do', far)

    far.connections.at(-1)?.terminate()
    await far.until(() => far.welcomes === 2, 'second link')
    respond()

    expect((await answered).message.result).toEqual({ content: [] })
  })
})

describe('an object that begins anew', () => {
  const adopted = (host: ScriptedHost, key: string, channel: number, server: string): void => {
    host.script.onHello = (socket, hello) => {
      host.welcome(socket, hello, { channels: [{ channel, key, server, digest: '' }] })
    }
  }
  const keyOf = (host: ScriptedHost, channel: number): string => {
    const opens = host.frames.filter(({ type }) => type === FRAME.open)
    const { meta } = opens.find((frame) => frame.channel === channel) ?? {}
    return (meta as { key: string }).key
  }

  test('finds the processes of a session in each of them', async () => {
    const client = await initialize(catalog)
    const channels = [
      await complete(client, 'near__do', near),
      await complete(client, 'far__do', far),
    ] as const
    adopted(near, keyOf(near, channels[0]), channels[0], 'near')
    adopted(far, keyOf(far, channels[1]), channels[1], 'far')

    await tenant.evict()

    expect(await complete(client, 'far__do', far, 2)).toBe(channels[1])
    expect(await complete(client, 'near__do', near, 2)).toBe(channels[0])
  })

  test('tells a client that only listens of the call that went with its process', async () => {
    const client = await initialize(catalog)
    const call = client.openCall('far__do', {}, { id: 'lost', progressToken: 'p' })
    const { channel } = await callAt(far)
    far.notify(channel, 'notifications/progress', { progressToken: 'p', progress: 1 })
    const stream = await call
    await stream.message()

    await tenant.evict()
    const resumed = await client.resume(stream.lastEventId ?? '')

    expect(await resumed.message()).toMatchObject({
      id: 'lost',
      error: { data: { code: 'server_exited', retryable: true } },
    })
  })

  test('waits for none that does not answer, and takes its process when it does', async () => {
    const client = await initialize(catalog)
    const channel = await complete(client, 'far__do', far)
    const key = keyOf(far, channel)
    far.script.onHello = () => undefined

    await tenant.evict()
    const start = Date.now()
    await complete(client, 'near__do', near)
    expect(Date.now() - start).toBeLessThan(SOON_MS)

    const late = client.call('far__do')
    adopted(far, key, channel, 'far')
    const call = await callAt(far, 2)
    expect(call.channel).toBe(channel)
    call.respond()
    expect((await late).message.result).toEqual({ content: [] })
  })
})

describe('a server that moves', () => {
  test('runs where it is configured by then, and the host that it left is left', async () => {
    const client = await initialize(catalog)
    const before = await complete(client, 'far__do', far)
    expect(await storedPlacements(gateway)).toContain(placement)

    await tenant.putServers({ ...servers, far: { command: 'far' } })

    await complete(client, 'far__do', near)
    expect(launchesOf(near)).toEqual(['near', 'far'])
    const isClosed = () =>
      far.frames.some(({ type, channel }) => type === FRAME.close && channel === before)
    await far.until(isClosed, 'end of the process')
    await far.until(() => far.connections.at(-1)?.readyState === 3, 'end of the link')
    expect(await storedPlacements(gateway)).not.toContain(placement)
  })

  test('finishes a running call where it was', async () => {
    const client = await initialize(catalog)
    const { answered, respond } = await begin(client, 'far__do', far)

    await tenant.putServers({ ...servers, far: { command: 'far' } })
    await complete(client, 'far__do', near)
    respond()

    expect((await answered).message.result).toEqual({ content: [] })
    await far.until(() => far.connections.at(-1)?.readyState === 3, 'end of the link')
  })
})

test('a tenant that is removed has nothing in any of them', async () => {
  const client = await initialize(catalog)
  const channels = [
    [near, await complete(client, 'near__do', near)],
    [far, await complete(client, 'far__do', far)],
  ] as const

  const removed = tenant.remove()
  for (const [host, channel] of channels) {
    const isClosed = (): boolean =>
      host.frames.some((one) => one.type === FRAME.close && one.channel === channel)
    await host.until(isClosed, 'end of the process')
    // Whatever it says, it acknowledges what it has got.
    host.notify(channel, 'notifications/message', {})
  }
  await removed

  expect([launchesOf(near), launchesOf(far)]).toEqual([[], []])
  await far.until(() => far.connections.at(-1)?.readyState === 3, 'end of the link')
})
