/** What the object does when its host program, or the way to it, misbehaves. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeFrame, FRAME } from '#protocol/link/frame.ts'
import { initialize, type LegacyClient } from '#test/support/http-client.ts'
import { startScriptedGateway, type ScriptedGateway } from '#test/support/scripted-gateway.ts'
import type { ScriptedHost } from '#test/support/scripted-host.ts'
import { answerAsLegacy } from './answers.ts'

/** Together more than an object ever keeps; of one principal it lets fewer wait. */
const LARGE_CALLS = 140
const PRINCIPALS = 3
const LARGE_CHARS = 500_000
const SMALL_CALLS = 20

let gateway: ScriptedGateway

beforeAll(async () => {
  gateway = await startScriptedGateway()
})

afterAll(() => gateway.stop())

const configured = (host: ScriptedHost, connection: number) =>
  host.frames.find((frame) => frame.type === FRAME.configure && frame.connection === connection)

test('a host program that took a hello and lost its welcome is begun with anew', async () => {
  const { host, target } = await gateway.tenant()
  host.script = {
    answer: answerAsLegacy,
    onHello: (socket, hello, nth) => {
      if (nth > 1) return host.welcome(socket, hello)
      host.takeEpoch(hello.epoch)
      socket.terminate()
    },
  }

  const client = await initialize(target)

  expect((await client.call('any')).status).toBe(200)
  expect(host.frames[0]?.type).toBe(FRAME.configure)
})

test('a host program that does not welcome is dialled again, and heard no more', async () => {
  const { host, target } = await gateway.tenant()
  host.script = {
    answer: answerAsLegacy,
    onHello: (socket, hello, nth) => {
      if (nth === 1) return void socket.pause()
      host.welcome(socket, hello)
    },
  }

  const client = await initialize(target)
  const late = encodeFrame({ type: FRAME.message, channel: 1, seq: 1, meta: { kind: 'response' } })
  host.connections[0]?.send(late)

  expect((await client.call('any')).status).toBe(200)
  expect(host.connections).toHaveLength(2)
})

test('a configuration that changed while the link was cut reaches the host program', async () => {
  const { host, target, putServer } = await gateway.tenant()
  const changed = Promise.withResolvers<void>()
  host.script = {
    answer: answerAsLegacy,
    onHello: (socket, hello, nth) => {
      const welcome = () => host.welcome(socket, hello)
      if (nth === 1) welcome()
      else void changed.promise.then(welcome)
    },
  }
  await initialize(target)

  host.connections.at(-1)?.terminate()
  await host.until(() => host.connections.length === 2, 'second connection')
  await putServer({ args: ['changed'] })
  changed.resolve()

  await host.until(
    () => configured(host, 2) !== undefined,
    'configuration on the second connection',
  )
  expect(configured(host, 2)?.meta).toMatchObject({ launches: [{ args: ['changed'] }] })
})

test('a message that is no JSON does not disturb the calls beside it', async () => {
  const { host, target } = await gateway.tenant()
  host.script = {
    answer: (request) => (request.method === 'tools/call' ? undefined : answerAsLegacy(request)),
  }
  const client = await initialize(target)
  const answer = client.call('waits', {}, { id: 'waiting' })
  await host.until(() => host.requests('tools/call').length === 1, 'call')
  const channel = host.requests('tools/call')[0]?.channel ?? 0

  host.notify(channel, 'notifications/progress', {}, Buffer.from('{"jsonrpc":'))
  host.respond(channel, 'waiting', { content: [] })

  expect((await answer).message.result).toEqual({ content: [] })
  expect(host.connections).toHaveLength(1)
})

test('a link that is full is not cut: what comes waits, small calls pass, and all is answered', async () => {
  const { host, target, issue } = await gateway.tenant()
  let takesAll = false
  host.script = {
    answer: (request, channel) => {
      const { name } = request.params ?? {}
      if (takesAll || (name !== 'large' && name !== 'small')) return answerAsLegacy(request)
      if (name === 'small') answerWithoutAcknowledging(host, channel, request.id)
      return undefined
    },
  }
  const client = await initialize(target)
  const clients: LegacyClient[] = []
  for (let n = 0; n < PRINCIPALS; n++) clients.push(await initialize((await issue({})).target))
  const text = 'x'.repeat(LARGE_CHARS)
  const calls = Array.from({ length: LARGE_CALLS }, (_, n) =>
    clients[n % PRINCIPALS]?.call('large', { text }),
  )
  await host.until(() => host.requests('tools/call').length >= 2, 'large calls')

  for (let n = 0; n < SMALL_CALLS; n++) expect((await client.call('small')).status).toBe(200)
  takesAll = true
  for (const { channel, request } of host.requests('tools/call')) {
    if (request.params?.name === 'large') host.respond(channel, request.id ?? '', { content: [] })
  }

  const statuses = (await Promise.all(calls)).map((answer) => answer?.status)
  expect(statuses).toEqual(statuses.map(() => 200))
  expect(host.connections).toHaveLength(1)
})

function answerWithoutAcknowledging(host: ScriptedHost, channel: number, id: unknown): void {
  const payload = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } }))
  host.send({ type: FRAME.message, channel, ack: 0, meta: { kind: 'response', id }, payload })
}
