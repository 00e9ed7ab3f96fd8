/** A host program that ends once its calls are answered: what the object does meanwhile. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FRAME } from '#protocol/link/frame.ts'
import { initialize, sendInitialize } from '#test/support/http-client.ts'
import { startScriptedGateway, type ScriptedGateway } from '#test/support/scripted-gateway.ts'
import type { ScriptedHost } from '#test/support/scripted-host.ts'
import { answerAsLegacy } from './answers.ts'

let gateway: ScriptedGateway

beforeAll(async () => {
  gateway = await startScriptedGateway()
})

afterAll(() => gateway.stop())

/** The second connection is to the next host program, which knows nothing of the first. */
function follow(host: ScriptedHost): void {
  host.script.onHello = (socket, hello, nth) => {
    if (nth === 1) return host.welcome(socket, hello)
    host.takeEpoch(randomUUID())
    host.takeEpoch(hello.epoch)
    host.welcome(socket, hello, { instance: 'the next one', resumed: false })
  }
}

const opens = (host: ScriptedHost, connection: number) =>
  host.frames.filter((frame) => frame.type === FRAME.open && frame.connection === connection)

const configuredOn = (host: ScriptedHost, connection: number) =>
  host.frames.some((frame) => frame.type === FRAME.configure && frame.connection === connection)

function end(host: ScriptedHost): void {
  host.connections[0]?.close(1001, 'shutting down')
}

test('a session that begins meanwhile begins in the next host program', async () => {
  const { host, target } = await gateway.tenant()
  host.script = { answer: answerAsLegacy }
  follow(host)
  const first = await initialize(target)
  host.send({ type: FRAME.draining, channel: 0 })
  const before = opens(host, 1).length

  const beginning = initialize(target)
  expect((await first.call('any')).status).toBe(200)
  expect(opens(host, 1)).toHaveLength(before)
  end(host)

  expect((await (await beginning).call('any')).status).toBe(200)
  expect(opens(host, 1)).toHaveLength(before)
  expect(opens(host, 2).length).toBeGreaterThan(0)
})

test('a link that is cut meanwhile is mended, and calls run on, however long nobody else is let in', async () => {
  const { host, target } = await gateway.tenant()
  let asked: { id: string | number; channel: number } | undefined
  host.script = {
    answer: (request, channel) => {
      if (request.method !== 'tools/call') return answerAsLegacy(request)
      asked = { id: request.id ?? 0, channel }
      return undefined
    },
    onHello: (socket, hello, nth) => {
      host.welcome(socket, hello, nth === 1 ? {} : { isDraining: true })
    },
  }
  const client = await initialize(target)
  const answer = client.call('any')
  await host.until(() => asked !== undefined, 'call')
  host.send({ type: FRAME.draining, channel: 0 })

  host.connections[0]?.terminate()
  await host.until(() => host.connections.length > 1, 'second connection')
  await host.until(() => configuredOn(host, 2), 'configuration')
  // It acknowledges the configuration: a link that acknowledges nothing is cut.
  if (asked !== undefined) host.notify(asked.channel, 'notifications/message', { level: 'info' })
  const other = await sendInitialize(target)
  if (asked !== undefined) host.respond(asked.channel, asked.id, { content: [] })

  expect(JSON.stringify(other.message)).toContain('shutting_down')
  expect((await answer).message).toMatchObject({ result: { content: [] } })
  expect(opens(host, 2)).toEqual([])
}, 60_000)

test('a process that it was asked for just before it said so is asked of the next one', async () => {
  const { host, target } = await gateway.tenant()
  let isDraining = false
  host.script = {
    answer: answerAsLegacy,
    refuse: () => {
      if (host.connections.length > 1 || !isDraining) return undefined
      host.send({ type: FRAME.draining, channel: 0 })
      setImmediate(() => end(host))
      return { code: 'shutting_down' }
    },
  }
  follow(host)
  await initialize(target)
  isDraining = true

  const client = await initialize(target)

  expect((await client.call('any')).status).toBe(200)
  expect(host.connections).toHaveLength(2)
})

test('a call that it did not take is answered by the next one', async () => {
  const { host, target } = await gateway.tenant()
  let isDraining = false
  host.script = {
    answer: (request, channel) => {
      if (!isDraining || request.method !== 'tools/call' || host.connections.length > 1) {
        return answerAsLegacy(request)
      }
      host.send({ type: FRAME.undelivered, channel, meta: { id: request.id } })
      const meta = { exitCode: 0, signal: null, reason: 'shutdown' }
      host.send({ type: FRAME.exit, channel, meta })
      setImmediate(() => end(host))
      return undefined
    },
  }
  follow(host)
  const client = await initialize(target)
  host.send({ type: FRAME.draining, channel: 0 })
  isDraining = true

  expect((await client.call('any')).status).toBe(200)
  expect(host.connections).toHaveLength(2)
})
