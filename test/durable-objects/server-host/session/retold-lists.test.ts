/** A client whose GET stream died unnoticed comes back without the id of an event: what it missed of lists. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { initialize, type LegacyClient } from '#test/support/http-client.ts'
import { startScriptedGateway, type ScriptedGateway } from '#test/support/scripted-gateway.ts'
import type { ScriptedHost } from '#test/support/scripted-host.ts'
import { answerAsLegacy } from '../answers.ts'

const TOOLS = 'notifications/tools/list_changed'
const RESOURCES = 'notifications/resources/list_changed'
const MARK = 'notifications/resources/updated'

let gateway: ScriptedGateway

beforeAll(async () => {
  gateway = await startScriptedGateway()
})

afterAll(() => gateway.stop())

async function begin() {
  const { host, target, evict } = await gateway.tenant()
  host.script = { answer: answerAsLegacy }
  const client = await initialize(target)
  const channel = host.requests('initialize').at(-1)?.channel ?? 0
  return { host, client, channel, evict }
}

/** What a client hears on a new GET stream, up to a mark. Nobody reads that stream any further. */
async function hear(
  client: LegacyClient,
  host: ScriptedHost,
  channel: number,
  lastEventId?: string,
) {
  const stream =
    lastEventId === undefined ? await client.stream() : await client.resume(lastEventId)
  const mark = `mark://${Math.random()}`
  host.notify(channel, MARK, { uri: mark })
  await stream.message(({ params }) => params?.uri === mark)
  const methods = stream.messages.map(({ method }) => method)
  return { heard: methods.filter((method) => method !== MARK), stream }
}

test('is told again that a list has changed, until it has listed', async () => {
  const { host, client, channel } = await begin()
  const first = await client.stream()
  host.notify(channel, TOOLS, {})
  host.notify(channel, TOOLS, {})
  // It has reached the connection. Nobody knows whether it has reached the client.
  await first.message(({ method }) => method === TOOLS)
  await first.message(({ method }) => method === TOOLS)

  expect((await hear(client, host, channel)).heard).toEqual([TOOLS])
  expect((await hear(client, host, channel)).heard).toEqual([TOOLS])
  await client.request('tools/list')
  expect((await hear(client, host, channel)).heard).toEqual([])
})

test('is told once of what it was not sent yet', async () => {
  const { host, client, channel } = await begin()
  host.notify(channel, TOOLS, {})

  expect((await hear(client, host, channel)).heard).toEqual([TOOLS])
})

test('one that has seen it says so by the event that it saw last', async () => {
  const { host, client, channel } = await begin()
  const first = await client.stream()
  host.notify(channel, TOOLS, {})
  await first.message(({ method }) => method === TOOLS)
  const seen = first.lastEventId
  host.notify(channel, RESOURCES, {})
  await first.message(({ method }) => method === RESOURCES)

  expect((await hear(client, host, channel, seen)).heard).toEqual([RESOURCES])
  // What came after it may have been lost once more.
  expect((await hear(client, host, channel)).heard).toEqual([RESOURCES])
})

test('is told when the object was another one meanwhile', async () => {
  const { host, client, channel, evict } = await begin()
  const first = await client.stream()
  host.notify(channel, TOOLS, {})
  await first.message(({ method }) => method === TOOLS)
  await evict()
  const stream = await client.stream()
  const told = await stream.message()

  expect(told.method).toBe(TOOLS)
  expect(stream.messages).toHaveLength(1)
  stream.disconnect()
})
