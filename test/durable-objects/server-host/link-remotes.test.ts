/** What a host program is told of remote servers, and what becomes of what it tells of their sessions. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FRAME } from '#protocol/link/frame.ts'
import type { ConfigureMeta, FailedMeta } from '#protocol/link.ts'
import { initialize } from '#test/support/http-client.ts'
import {
  SERVER,
  startScriptedGateway,
  type ScriptedGateway,
} from '#test/support/scripted-gateway.ts'
import type { ScriptedHost } from '#test/support/scripted-host.ts'
import { answerAsLegacy } from './answers.ts'

let gateway: ScriptedGateway

beforeAll(async () => {
  gateway = await startScriptedGateway()
})

afterAll(() => gateway.stop())

const FAR = { url: 'https://mcp.example.com/mcp', via: 'host' }

/** A tenant whose server is remote, and with which a session has begun. Calls wait for the test. */
async function begin() {
  const tenant = await gateway.tenant()
  await tenant.putSecret('KEY', 'hush-1234')
  await tenant.putServers({
    [SERVER]: {
      ...{ ...FAR, headers: { Authorization: 'Bearer ${secret:KEY}' }, warm: 4 },
      pool: { preset: 'serverless', maxConnections: 3 },
    },
    local: { command: 'node' },
    edge: { url: 'https://edge.example.com/mcp' },
  })
  const { host, target, evict } = tenant
  host.script = {
    answer: (request) => (request.method === 'tools/call' ? undefined : answerAsLegacy(request)),
  }
  return { host, evict, client: await initialize(target) }
}

async function channelOf(host: ScriptedHost, count = 1): Promise<number> {
  await host.until(() => host.requests('tools/call').length === count, 'call')
  return host.requests('tools/call').at(-1)?.channel ?? 0
}

test('it is told of those that are reached from it, apart from commands, and of no other', async () => {
  const { host } = await begin()

  const { meta } = host.frames.findLast(({ type }) => type === FRAME.configure) ?? {}
  const { launches, remotes } = meta as ConfigureMeta
  expect(launches.map(({ name }) => name)).toEqual(['local'])
  expect(remotes).toMatchObject([
    {
      name: SERVER,
      warm: 0,
      remote: {
        url: FAR.url,
        headers: { Authorization: 'Bearer hush-1234' },
        transport: 'http',
        allowPrivate: false,
        pool: {
          ...{ maxConnections: 3, keepAliveMs: 4_000, requestTimeoutMs: 30_000, allowH2: true },
        },
      },
      secrets: ['hush-1234'],
    },
  ])
  expect(remotes).toHaveLength(1)
})

test('a call that gets no answer fails with why, and the others go on', async () => {
  const { host, client } = await begin()
  const lost = client.call('first', {}, { id: 'lost' })
  const channel = await channelOf(host)
  const kept = client.call('second', {}, { id: 'kept' })
  await channelOf(host, 2)

  const meta: FailedMeta = { id: 'lost', code: 'remote_refused', detail: 'it answered HTTP 403' }
  host.send({ type: FRAME.failed, channel, meta })
  host.respond(channel, 'kept', { content: [] })

  const { error } = (await lost).message
  expect(error?.data).toMatchObject({ code: 'remote_refused' })
  expect(JSON.stringify(error)).toContain('it answered HTTP 403')
  expect((await kept).message.result).toEqual({ content: [] })
})

test('a call of a former object fails in its stream', async () => {
  const { host, client, evict } = await begin()
  client.call('first', {}, { id: 'lost', progressToken: 'p' }).catch(() => undefined)
  const channel = await channelOf(host)
  host.notify(channel, 'notifications/progress', { progressToken: 'p', progress: 1 })
  const isKept = async () =>
    (await gateway.rows('streams')).some(({ request }) => request === 'slost')
  await expect.poll(isKept).toBe(true)
  await evict()

  const key = `session:${client.sessionId}`
  host.script.onHello = (socket, hello) => {
    host.welcome(socket, hello, { channels: [{ channel, key, server: SERVER, digest: '' }] })
    const meta: FailedMeta = { id: 'lost', code: 'remote_unreachable' }
    host.replay(() => host.send({ type: FRAME.failed, channel, meta }))
  }
  const resumed = await client.resume('1-1')

  const { error } = await resumed.message(({ id }) => id === 'lost')
  expect(error?.data).toMatchObject({ code: 'remote_unreachable' })
})

test('why a session ended is told to the caller', async () => {
  const { host, client } = await begin()
  const call = client.call('first', {}, { id: 'lost' })
  const channel = await channelOf(host)
  const detail = 'the remote server closed the WebSocket'
  const meta = { exitCode: null, signal: null, reason: 'crashed', detail }
  host.send({ type: FRAME.exit, channel, meta })

  expect(JSON.stringify((await call).message.error)).toContain(detail)
})
