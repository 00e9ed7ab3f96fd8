/** Remote servers behind a real host program, as its object sees them: channels like any other. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { createCertificate } from '../../support/certificate.ts'
import { CELL, startLinkSession, type LinkSession } from '../../support/link-session.ts'
import { waitUntil } from '../../support/processes.ts'
import { answerAsServer, remoteLaunchOf } from '../../support/remote-launch.ts'
import { WebOrigin } from '../../support/web-origin.ts'
import type { WebOriginOptions } from '../../support/web-origin.ts'
import { FRAME } from '#protocol/link/frame.ts'
import type { ExitMeta, FailedMeta, RefusedMeta, RemoteLaunch } from '#protocol/link.ts'

const certificate = createCertificate()
const folder = mkdtempSync(join(tmpdir(), 'hearth-remote-'))
const caFile = join(folder, 'ca.pem')
beforeAll(() => writeFileSync(caFile, certificate.cert))
afterAll(() => rmSync(folder, { recursive: true }))

let session: LinkSession
const ends: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  session = await startLinkSession({ NODE_EXTRA_CA_CERTS: caFile })
  ends.push(() => session.host.stop())
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function startOrigin(options: Partial<WebOriginOptions> = {}): Promise<WebOrigin> {
  const origin = await WebOrigin.start({ answer: answerAsServer(), ...options })
  ends.push(() => origin.close())
  return origin
}

const CLIENT = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't' } }

/** Opens the channel and begins a session on it. */
async function begin(channel: number, launch: RemoteLaunch): Promise<void> {
  await session.open(channel, launch)
  const answer = await session.call(channel, 0, CLIENT, 'initialize')
  expect(answer).toMatchObject({ id: 0, result: { serverInfo: { name: 'remote' } } })
  session.link.message(channel, { jsonrpc: '2.0', method: 'notifications/initialized' })
}

async function refusalOf(channel: number, launch: RemoteLaunch): Promise<RefusedMeta> {
  session.link.configure([launch])
  session.link.open(channel, launch.name)
  return session.link.takeMeta<RefusedMeta>(FRAME.refused, channel)
}

function textOf(value: unknown): object {
  return { result: { content: [{ text: JSON.stringify(value) }] } }
}

function heard(): number {
  return session.link.inbox.filter(({ type }) => type === FRAME.message).length
}

/** Nothing more has come in many turns of the host program. */
async function untilStill(): Promise<void> {
  for (let still = 0, last = 0; still < 20;) {
    await session.host.origins(CELL)
    still = last > 0 && heard() === last ? still + 1 : 0
    last = heard()
  }
}

describe('a redirect of a server that may have a private address', () => {
  async function redirectTo(url: string): Promise<WebOrigin> {
    return startOrigin({
      answer: (_request, response) => {
        response.statusCode = 307
        response.setHeader('location', url)
        response.end()
      },
    })
  }

  test('does not reach another one, by its number or by its name', async () => {
    const secret = await startOrigin()
    const { port } = new URL(secret.url)

    for (const [channel, host] of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]'].entries()) {
      const origin = await redirectTo(`http://${host}:${port}/mcp`)
      await session.open(channel, remoteLaunchOf(origin.url, { name: host }))
      session.link.message(channel, { jsonrpc: '2.0', id: 0, method: 'initialize', params: CLIENT })
      const failed = await session.link.takeMeta<FailedMeta>(FRAME.failed, channel)

      expect(failed).toMatchObject({ id: 0, code: 'remote_address_forbidden' })
    }
    expect(secret.connections).toBe(0)
  })

  test('does not reach another one over HTTP+SSE', async () => {
    const secret = await startOrigin()
    const origin = await redirectTo(secret.url)

    const launch = remoteLaunchOf(origin.url, { remote: { transport: 'sse' } })
    const refused = await refusalOf(1, launch)

    expect(refused.detail).toContain('allowPrivate is for')
    expect(secret.connections).toBe(0)
  })

  test('is followed within its host and port', async () => {
    const answer = answerAsServer()
    const origin = await startOrigin({
      answer: (request, response, body) => {
        if (request.url === '/moved') return answer(request, response, body)
        response.statusCode = 307
        response.setHeader('location', '/moved')
        response.end()
      },
    })

    await begin(1, remoteLaunchOf(origin.url))
  })
})

describe('a session', () => {
  test('answers calls over HTTP/2, and its figures tell so', async () => {
    const origin = await startOrigin({ certificate, h2: true })

    const launch = remoteLaunchOf(origin.url)
    await begin(1, launch)
    const calls = Array.from({ length: 20 }, (_, id) => id + 1)
    for (const id of calls) {
      const params = { name: 'echo', arguments: { id } }
      session.link.message(1, { jsonrpc: '2.0', id, method: 'tools/call', params })
    }
    const answers = await Promise.all(calls.map(() => session.link.takeMessage(1)))

    expect(answers).toHaveLength(20)
    expect(answers.find(({ id }) => id === 7)).toMatchObject(textOf({ id: 7 }))
    expect(origin.connections).toBeLessThanOrEqual(2)
    expect(new Set(origin.versions)).toEqual(new Set(['2.0']))
    const [figures] = await session.host.origins(CELL)
    expect(figures).toMatchObject({ origin: new URL(origin.url).origin, failures: 0, h2Share: 1 })
    expect(figures?.requests).toBeGreaterThanOrEqual(22)
  })

  test('of several channels is one each, over shared connections', async () => {
    const sessions = new Set<string>()
    const origin = await startOrigin({
      certificate,
      h2: true,
      answer: answerAsServer({ sessions }),
    })
    const launch = remoteLaunchOf(origin.url)

    for (const channel of [1, 2, 3]) await begin(channel, launch)

    expect(sessions.size).toBe(3)
    expect(origin.connections).toBeLessThanOrEqual(2)
  })

  test('ends at the server when its channel is closed', async () => {
    const sessions = new Set<string>()
    const origin = await startOrigin({ answer: answerAsServer({ sessions }) })
    await begin(1, remoteLaunchOf(origin.url))

    session.link.close(1)

    expect(await session.link.takeMeta<ExitMeta>(FRAME.exit, 1)).toMatchObject({ reason: 'closed' })
    expect(sessions.size).toBe(0)
  })

  test('ends when the server knows it no more: the request has not been seen', async () => {
    const sessions = new Set<string>()
    const origin = await startOrigin({ answer: answerAsServer({ sessions }) })
    await begin(1, remoteLaunchOf(origin.url))
    await session.call(1, 8, { name: 'echo', arguments: {} })
    sessions.clear()

    session.link.message(1, { jsonrpc: '2.0', id: 9, method: 'tools/call', params: {} })

    expect(await session.link.takeMeta(FRAME.undelivered, 1)).toEqual({ id: 9 })
    expect(await session.link.takeMeta(FRAME.exit, 1)).toMatchObject({
      reason: 'crashed',
      detail: expect.stringContaining('session') as string,
    })
  })

  test('goes on when the server was away: what it missed fails, and was not delivered', async () => {
    const sessions = new Set<string>()
    const answer = answerAsServer({ sessions })
    const origin = await startOrigin({ answer })
    const { port } = origin
    await begin(1, remoteLaunchOf(origin.url))
    await origin.close()
    const params = { name: 'echo', arguments: { id: 2 } }

    session.link.message(1, { jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    const undelivered = await session.link.takeMeta(FRAME.undelivered, 1)
    const failed = await session.link.takeMeta<FailedMeta>(FRAME.failed, 1)
    await startOrigin({ answer, port })
    const answered = await session.call(1, 2, params)

    expect(undelivered).toEqual({ id: 1 })
    expect(failed).toMatchObject({ id: 1, code: 'remote_unreachable' })
    expect(failed.detail).toContain('ECONNREFUSED')
    expect(answered).toMatchObject({ id: 2, ...textOf({ id: 2 }) })
  })

  test('ends when nobody has called for its idle time, though it listens', async () => {
    const sessions = new Set<string>()
    const origin = await startOrigin({ answer: answerAsServer({ sessions, listens: true }) })

    await begin(1, remoteLaunchOf(origin.url, { idleTimeoutMs: 200 }))

    expect(await session.link.takeMeta<ExitMeta>(FRAME.exit, 1)).toMatchObject({ reason: 'idle' })
    expect(sessions.size).toBe(0)
  })

  test('leaves nothing behind, however often one is begun', async () => {
    const sessions = new Set<string>()
    const answer = answerAsServer({ sessions, listens: true })
    const origin = await startOrigin({ certificate, h2: true, answer })
    const launch = remoteLaunchOf(origin.url)

    for (let channel = 1; channel <= 60; channel++) {
      await begin(channel, launch)
      await session.call(channel, 1, { name: 'echo', arguments: {} })
      session.link.close(channel)
      await session.link.takeMeta(FRAME.exit, channel)
    }

    const inFlight = async () => (await session.host.origins(CELL))[0]?.inFlight
    await waitUntil(async () => (await inFlight()) === 0, 'requests are still in flight')
    expect(sessions.size).toBe(0)
    expect(origin.connections).toBeLessThanOrEqual(2)
  })

  test('is refused when all that are allowed are busy', async () => {
    const origin = await startOrigin({ answer: answerAsServer({ call: () => undefined }) })
    const launch = remoteLaunchOf(origin.url, { maxProcesses: 1 })
    await begin(1, launch)
    session.link.message(1, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} })

    expect(await refusalOf(2, launch)).toMatchObject({ code: 'server_busy' })
  })

  test('does not begin where no server is, and after five times not for a while', async () => {
    const origin = await startOrigin()
    const launch = remoteLaunchOf(origin.url)
    await origin.close()

    const refusals: RefusedMeta[] = []
    for (let channel = 1; channel <= 6; channel++) refusals.push(await refusalOf(channel, launch))

    expect(refusals[0]).toEqual({
      code: 'server_start_failed',
      detail: expect.stringContaining('ECONNREFUSED') as string,
    })
    expect(refusals[5]?.retryAfterMs).toBeGreaterThan(0)
  })

  test('does not begin at an address that is not public, unless it may', async () => {
    const origin = await startOrigin()
    const launch = remoteLaunchOf(origin.url, { remote: { allowPrivate: false } })

    const { code, detail } = await refusalOf(1, launch)

    expect(code).toBe('server_start_failed')
    expect(detail).toContain(new URL(origin.url).host)
    expect(origin.connections).toBe(0)
  })

  test('a launch that the host program does not know leaves the others alone', async () => {
    const origin = await startOrigin()
    const launch = remoteLaunchOf(origin.url)
    await begin(1, launch)

    session.link.configure([])
    session.link.open(2, 'remote')

    expect(await session.link.takeMeta(FRAME.refused, 2)).toEqual({ code: 'server_not_found' })
    const params = { name: 'echo', arguments: { id: 5 } }
    expect(await session.call(1, 5, params)).toMatchObject({ id: 5, ...textOf({ id: 5 }) })
  })
})

test('a response that floods is not read while the link takes no more', async () => {
  const params = { data: 'x'.repeat(256 * 1024) }
  const event = `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params })}\n\n`
  const serve = answerAsServer()
  const origin = await startOrigin({
    answer: (request, response, body) => {
      if (!body.includes('tools/call')) return serve(request, response, body)
      response.setHeader('content-type', 'text/event-stream')
      for (let count = 0; count < 400; count++) response.write(event)
    },
  })
  await begin(1, remoteLaunchOf(origin.url))
  session.link.isSilent = true
  session.link.message(1, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} })

  await untilStill()
  expect(heard()).toBeLessThan(200)
  expect(origin.waitingBytes).toBeGreaterThan(32 * 1024 * 1024)
  session.link.isSilent = false
  session.link.acknowledge()

  await waitUntil(() => heard() === 400, 'the rest did not come', 20_000)
})

describe('a secret header', () => {
  const SECRET = 'hush-8f2c4e1a9b'
  const headers = { authorization: `Bearer ${SECRET}` }

  test('reaches the server, and neither the console nor an error', async () => {
    const seen: unknown[] = []
    const origin = await startOrigin({
      answer: (request, response) => {
        seen.push(request.headers.authorization)
        response.statusCode = 500
        response.setHeader('www-authenticate', `Bearer error="${SECRET}"`)
        response.end(`I do not like ${SECRET}`)
      },
    })
    await session.open(1, remoteLaunchOf(origin.url, { remote: { headers } }))
    session.link.message(1, { jsonrpc: '2.0', id: 0, method: 'initialize', params: CLIENT })

    const failed = await session.link.takeMeta<FailedMeta>(FRAME.failed, 1)

    expect(seen).toContain(`Bearer ${SECRET}`)
    expect(failed.code).toBe('remote_failed')
    const printed = JSON.stringify(await session.host.console(CELL))
    expect(printed).toContain('500')
    expect(printed + JSON.stringify(failed)).not.toContain(SECRET)
  })
})

describe('a WebSocket', () => {
  async function startSocketServer(onMessage: (text: string, send: (m: object) => void) => void) {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    ends.push(() => new Promise((resolve) => server.close(resolve)))
    server.on('connection', (socket) => {
      socket.on('message', (data) => {
        onMessage(String(data), (message) =>
          socket.send(JSON.stringify({ jsonrpc: '2.0', ...message })),
        )
      })
    })
    await new Promise((resolve) => server.once('listening', resolve))
    ends.push(async () => server.clients.forEach((socket) => socket.terminate()))
    const { port } = server.address() as { port: number }
    return { server, url: `ws://127.0.0.1:${port}/mcp` }
  }

  test('carries calls, and its end is the end of the session', async () => {
    const { server, url } = await startSocketServer((text, send) => {
      const { id } = JSON.parse(text) as { id?: number }
      if (id !== undefined) send({ id, result: { seen: id } })
    })
    const launch = remoteLaunchOf(url, { remote: { transport: 'websocket' } })

    await session.open(1, launch)
    const answered = await session.call(1, 4)
    server.clients.forEach((socket) => socket.terminate())

    expect(answered).toMatchObject({ id: 4, result: { seen: 1 } })
    expect(await session.link.takeMeta(FRAME.exit, 1)).toMatchObject({ reason: 'crashed' })
  })

  test('that floods is not read while the link takes no more', async () => {
    const piece = 'x'.repeat(256 * 1024)
    const sent = { count: 0 }
    const { server, url } = await startSocketServer((_text, send) => {
      for (; sent.count < 400; sent.count++) {
        send({ method: 'notifications/message', params: { data: piece } })
      }
    })
    const launch = remoteLaunchOf(url, { remote: { transport: 'websocket' } })
    await session.open(1, launch)
    session.link.isSilent = true
    session.link.message(1, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} })

    const waiting = (): number => Math.max(...[...server.clients].map((one) => one.bufferedAmount))
    await untilStill()
    expect(heard()).toBeLessThan(200)
    expect(waiting()).toBeGreaterThan(32 * 1024 * 1024)
    session.link.isSilent = false
    session.link.acknowledge()

    await waitUntil(() => waiting() === 0, 'it is still not read', 20_000)
  })
})
