/** The Durable Object goes while something is under way: what clients then get, and how often. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, readTool } from '#test/support/http-client.ts'

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    servers: { ticks: fixture('ticks'), lists: fixture('changes-lists') },
  })
})

afterAll(() => gateway?.stop())

test('a call in flight is resumed: its answer arrives, and nothing twice', async () => {
  const client = await initialize(targetOf(gateway, 'ticks'))
  const call = await client.openCall('tick', { first: 3, then: 2 }, { progressToken: 't' })
  await call.message(({ params }) => params?.progress === 3)
  await gateway.evictServerHost()
  await call.rest().catch(() => {}) // the stream breaks, or ends, with its object
  expect((await client.call('go')).status).toBe(200)

  const resumed = await client.resume(call.lastEventId ?? '')
  const rest = await resumed.rest()
  const progress = [...call.messages, ...rest].flatMap(({ params }) => params?.progress ?? [])

  expect(readTool({ message: rest.at(-1) ?? {} })).toEqual({ ticks: 5 })
  expect(new Set(progress).size).toBe(progress.length)
})

test('what a server says while its object is away reaches the GET stream once', async () => {
  const client = await initialize(targetOf(gateway, 'lists'))
  const get = await client.stream()
  await client.call('update', { uri: 'test://1' })
  await get.message()
  await gateway.evictServerHost()
  await get.rest().catch(() => {}) // the stream breaks, or ends, with its object
  await client.call('update', { uri: 'test://2' })

  const resumed = await client.resume(get.lastEventId ?? '')
  await client.call('update', { uri: 'test://3' })
  await resumed.message(({ params }) => params?.uri === 'test://3')
  resumed.disconnect()

  const uris = [...get.messages, ...resumed.messages].map(({ params }) => params?.uri)
  expect(uris).toEqual(['test://1', 'test://2', 'test://3'])
})
