/** Streamable HTTP from the client's side, against a real HTTP server. */
import { afterEach, describe, expect, test } from 'vitest'
import { META } from '#protocol/mcp.ts'
import { connectTo, type RemoteClient } from '#test/support/remote-client.ts'
import { openEvents, sendJSON, startRemoteHTTP, toEvent } from '#test/support/remote-http.ts'
import type { Handler, Received, RemoteHTTP } from '#test/support/remote-http.ts'
import { waitUntil } from '#test/support/processes.ts'

const remotes: RemoteHTTP[] = []
const clients: RemoteClient[] = []

afterEach(async () => {
  await Promise.all(clients.splice(0).map(({ connection }) => connection.close()))
  await Promise.all(remotes.splice(0).map((remote) => remote.stop()))
})

async function start(handler: Handler): Promise<RemoteHTTP> {
  const remote = await startRemoteHTTP(handler)
  remotes.push(remote)
  return remote
}

function connect(...args: Parameters<typeof connectTo>): RemoteClient {
  const client = connectTo(...args)
  clients.push(client)
  return client
}

const SESSION = { 'Mcp-Session-Id': 'session-1' }
const INITIALIZED = { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'r' } }
const isInitialize = ({ message }: Received) => message.method === 'initialize'

/** A legacy server with sessions: `others` answers what comes after `initialize`, and the GET. */
function legacy(others: Handler): Handler {
  return (request, response) => {
    const { method, message } = request
    if (isInitialize(request)) {
      return sendJSON(response, { jsonrpc: '2.0', id: message.id, result: INITIALIZED }, SESSION)
    }
    if (message.method === 'notifications/initialized') return void response.writeHead(202).end()
    if (method === 'DELETE') return void response.writeHead(204).end()
    others(request, response)
  }
}

const noStream: Handler = ({ method, message }, response) => {
  if (method === 'GET') return void response.writeHead(405).end()
  sendJSON(response, { jsonrpc: '2.0', id: message.id, result: {} })
}

async function begin(client: RemoteClient): Promise<void> {
  client.send({ id: 0, method: 'initialize', params: {} })
  await client.answerTo(0)
  client.send({ method: 'notifications/initialized' })
}

const modernParams = (params = {}) => ({
  ...params,
  _meta: { [META.protocolVersion]: '2026-07-28' },
})

describe('a legacy session', () => {
  test('begins with the id and the revision that initialize was answered with, and ends with DELETE', async () => {
    const remote = await start(legacy(noStream))
    const client = connect(remote.url, { headers: { Authorization: 'Bearer key' } })
    await begin(client)
    client.send({ id: 1, method: 'ping' })
    await client.answerTo(1)
    await client.connection.close()

    const [first, ...others] = remote.received
    expect(first?.headers).not.toHaveProperty('mcp-session-id')
    for (const { headers } of others) {
      expect(headers['mcp-session-id']).toBe('session-1')
      expect(headers['mcp-protocol-version']).toBe('2025-06-18')
    }
    expect(remote.received.every(({ headers }) => headers.authorization === 'Bearer key')).toBe(
      true,
    )
    expect(first?.headers.accept).toBe('application/json, text/event-stream')
    expect(remote.received.at(-1)?.method).toBe('DELETE')
  })

  test('has nothing sent before the server has notifications/initialized', async () => {
    const order: (string | undefined)[] = []
    const remote = await start((request, response) => {
      const { message, method } = request
      if (isInitialize(request)) return legacy(noStream)(request, response)
      if (method === 'GET') return void response.writeHead(405).end()
      setTimeout(
        () => {
          order.push(message.method)
          if (message.id === undefined) response.writeHead(202).end()
          else sendJSON(response, { jsonrpc: '2.0', id: message.id, result: {} })
        },
        message.id === undefined ? 100 : 0,
      )
    })
    const client = connect(remote.url)
    client.send({ id: 0, method: 'initialize', params: {} })
    await client.answerTo(0)
    client.send({ method: 'notifications/initialized' })
    client.send({ id: 1, method: 'tools/list' })
    client.send({ id: 2, method: 'prompts/list' })
    await Promise.all([client.answerTo(1), client.answerTo(2)])

    expect(order[0]).toBe('notifications/initialized')
    expect(client.connection.inFlight).toBe(0)
  })

  test('hears what belongs to no request on the GET stream, and goes on there after a cut', async () => {
    const change = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' }
    const remote = await start(
      legacy(({ headers }, response) => {
        openEvents(response)
        if (headers['last-event-id'] === '7') {
          response.write(toEvent({ ...change, params: { second: true } }))
        } else response.end(`retry: 100\n\n${toEvent(change, '7')}`)
      }),
    )
    const client = connect(remote.url)
    await begin(client)

    const second = (one: RemoteClient['heard'][number]) =>
      one.what === 'message' && one.message.params?.second === true
    expect(await client.next(second)).toMatchObject({ meta: { kind: 'notification' } })
    expect(client.heard).toHaveLength(3)
    const streams = remote.received.filter(({ method }) => method === 'GET')
    expect(streams.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '7'])
    expect(streams[0]?.headers['mcp-session-id']).toBe('session-1')
  })

  test.each([
    { status: 404, body: 'gone' },
    { status: 404, body: { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'x' } } },
    { status: 400, body: { error: { code: -32000, message: 'No valid session ID provided' } } },
  ])('is over with $status $body, and the request was not taken', async ({ status, body }) => {
    const remote = await start(legacy((_request, response) => sendJSON(response, body, {}, status)))
    const client = connect(remote.url)
    await begin(client)
    client.send({ id: 1, method: 'tools/call', params: { name: 'a' } })

    const over = await client.next(({ what }) => what === 'over')
    expect(over).toMatchObject({ error: { code: 'server_exited' } })
    expect(client.heard.slice(1)).toMatchObject([{ what: 'undelivered', id: 1 }, { what: 'over' }])
  })

  test('is over once what was asked beside it has its own verdict', async () => {
    const waiting = new Map<unknown, () => void>()
    const remote = await start(
      legacy(({ message, method }, response) => {
        const { id } = message
        const refuse = (): void => sendJSON(response, 'gone', {}, 404)
        if (method === 'GET') return void response.writeHead(405).end()
        if (id === 1) return refuse()
        const answer = () => sendJSON(response, { jsonrpc: '2.0', id, result: {} })
        waiting.set(id, id === 2 ? refuse : answer)
      }),
    )
    const client = connect(remote.url)
    await begin(client)
    for (const id of [2, 3]) client.send({ id, method: 'tools/call', params: { name: 'a' } })
    await waitUntil(() => waiting.size === 2, 'not asked')
    client.send({ id: 1, method: 'tools/call', params: { name: 'a' } })
    await waitUntil(() => remote.received.some(({ message }) => message.id === 1), 'not asked')
    for (const answer of waiting.values()) answer()

    await client.next(({ what }) => what === 'over')
    const heard = client.heard.slice(1)
    expect(heard).toMatchObject([
      { what: 'message', message: { id: 3 } },
      { what: 'undelivered' },
      { what: 'undelivered' },
      { what: 'over' },
    ])
  })

  test('is over when its GET stream was there and is not known any more', async () => {
    let isGone = false
    const remote = await start(
      legacy((_request, response) => {
        if (isGone) return sendJSON(response, {}, {}, 404)
        isGone = true
        openEvents(response)
        response.end('retry: 100\n\n')
      }),
    )
    const client = connect(remote.url)
    await begin(client)

    await client.next(({ what }) => what === 'over')
  })

  test('cancels with a notification, and lets go of the response', async () => {
    let isClosed = false
    const remote = await start(
      legacy(({ message, method }, response) => {
        if (method === 'GET') return void response.writeHead(405).end()
        if (message.method !== 'tools/call') return void response.writeHead(202).end()
        openEvents(response)
        response.on('close', () => (isClosed = true))
      }),
    )
    const client = connect(remote.url)
    await begin(client)
    client.send({ id: 1, method: 'tools/call', params: { name: 'a' } })
    await waitUntil(() => remote.received.some(({ message }) => message.id === 1), 'no call')
    client.send({ method: 'notifications/cancelled', params: { requestId: 1 } })

    await waitUntil(() => isClosed, 'the response is open')
    await waitUntil(
      () => remote.received.some(({ message }) => message.method === 'notifications/cancelled'),
      'no cancellation',
    )
    expect(client.heard.filter(({ what }) => what !== 'message')).toEqual([])
  })
})

describe('an answer', () => {
  const answer = { jsonrpc: '2.0', id: 1, result: { ok: true } }

  async function ask(handler: Handler, options = {}): Promise<RemoteClient> {
    const remote = await start(legacy(handler))
    const client = connect(remote.url, options)
    await begin(client)
    client.send({ id: 1, method: 'tools/call', params: { name: 'a' } })
    return client
  }

  test('may be streamed after progress and questions, in order, each on one line', async () => {
    const client = await ask(({ method }, response) => {
      if (method === 'GET') return void response.writeHead(405).end()
      openEvents(response)
      const progress = { jsonrpc: '2.0', method: 'notifications/progress', params: {} }
      const asks = { jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params: {} }
      response.write(toEvent(progress) + toEvent(asks))
      response.end('data: {"jsonrpc":"2.0",\ndata: "id":1,"result":{"ok":true}}\n\n')
    })

    expect(await client.answerTo(1)).toEqual(answer)
    const told = client.heard.slice(1).map((one) => (one.what === 'message' ? one.meta.kind : ''))
    expect(told).toEqual(['notification', 'request', 'response'])
    expect(client.heard.every((one) => one.what !== 'message' || !one.text.includes('\n'))).toBe(
      true,
    )
  })

  test('may be JSON over several lines, or in a batch', async () => {
    const pretty = await ask((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' })
      response.end(JSON.stringify(answer, null, 2))
    })
    const batch = await ask((_request, response) => sendJSON(response, [answer]))

    expect(await pretty.answerTo(1)).toEqual(answer)
    expect(await batch.answerTo(1)).toEqual(answer)
  })

  test('that broke off is asked for where it was', async () => {
    const client = await ask(({ method, headers }, response) => {
      openEvents(response)
      if (method === 'POST') return void response.end('retry: 10\nid: 3\ndata:\n\n')
      if (headers['last-event-id'] === '3') response.end(toEvent(answer, '4'))
    })

    expect(await client.answerTo(1)).toEqual(answer)
  })

  test.each<[string, Handler, string]>([
    ['that never came', (_r, response) => response.destroy(), 'remote_unreachable'],
    [
      'that broke off',
      ({ method }, response) => {
        if (method === 'GET') return void response.writeHead(405).end()
        openEvents(response)
        response.end(': no answer\n\n')
      },
      'remote_failed',
    ],
    ['of another type', (_r, response) => response.end('<html>'), 'remote_failed'],
    ['of 202', (_r, response) => response.writeHead(202).end(), 'remote_failed'],
    ['of another id', (_r, r) => sendJSON(r, { ...answer, id: 9 }), 'remote_failed'],
    ['of 401', (_r, response) => sendJSON(response, {}, {}, 401), 'remote_refused'],
    ['of 403', (_r, response) => response.writeHead(403).end('no'), 'remote_refused'],
    ['of 500', (_r, response) => response.writeHead(500).end('no'), 'remote_failed'],
  ])('%s fails the request alone', async (_name, handler, code) => {
    const client = await ask(({ method, ...rest }, response) => {
      if (method === 'GET') return void response.writeHead(405).end()
      handler({ method, ...rest }, response)
    })

    expect(await client.next(({ what }) => what === 'failed')).toMatchObject({
      id: 1,
      error: { code },
    })
    expect(client.heard.some(({ what }) => what === 'over')).toBe(false)
    expect(client.connection.inFlight).toBe(0)
  })

  test('over the bound is discarded, as JSON and in a stream, and the rest goes on', async () => {
    const large = { ...answer, result: { text: 'x'.repeat(5_000) } }
    const options = { maxMessageBytes: 2_000 }
    const json = await ask((_request, response) => sendJSON(response, large), options)
    const events = await ask(({ method }, response) => {
      if (method === 'GET') return void response.writeHead(405).end()
      openEvents(response)
      response.end(toEvent(large))
    }, options)

    for (const client of [json, events]) {
      expect(await client.next(({ what }) => what === 'oversize')).toMatchObject({ id: 1 })
      expect(client.heard.some(({ what }) => what === 'failed' || what === 'over')).toBe(false)
    }
  })

  test('says when a failure may have passed', async () => {
    const client = await ask((_r, response) => {
      response.writeHead(503, { 'Retry-After': '7' }).end()
    })

    expect(await client.next(({ what }) => what === 'failed')).toMatchObject({
      error: { code: 'remote_failed', retryAfterMs: 7_000 },
    })
  })
})

describe('a modern request', () => {
  test('says in its headers what its body says, and has no session', async () => {
    const remote = await start(({ message }, response) => {
      sendJSON(response, { jsonrpc: '2.0', id: message.id, result: {} }, SESSION)
    })
    const client = connect(remote.url)
    for (const id of [1, 2]) {
      client.send({ id, method: 'tools/call', params: modernParams({ name: 'grüße' }) })
      await client.answerTo(id)
    }

    expect(remote.received.map(({ headers }) => headers['mcp-name'])).toEqual([
      '=?base64?Z3LDvMOfZQ==?=',
      '=?base64?Z3LDvMOfZQ==?=',
    ])
    expect(remote.received[1]?.headers).toMatchObject({
      'mcp-method': 'tools/call',
      'mcp-protocol-version': '2026-07-28',
    })
    expect(remote.received[1]?.headers).not.toHaveProperty('mcp-session-id')
    await client.connection.close()
    expect(remote.received).toHaveLength(2)
  })

  test('is cancelled by the end of its response, without a message', async () => {
    let isClosed = false
    const remote = await start((_request, response) => {
      openEvents(response)
      response.on('close', () => (isClosed = true))
    })
    const client = connect(remote.url)
    client.send({ id: 1, method: 'subscriptions/listen', params: modernParams() })
    await waitUntil(() => remote.received.length === 1, 'no request')
    client.send({ method: 'notifications/cancelled', params: { requestId: 1 } })

    await waitUntil(() => isClosed, 'the response is open')
    expect(remote.received).toHaveLength(1)
    expect(client.heard).toEqual([])
  })

  test('gets the headers of its arguments once the tools were listed, without being asked twice', async () => {
    const inputSchema = {
      type: 'object',
      properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
    }
    const remote = await start(({ message, headers }, response) => {
      const { id, method } = message
      if (method === 'tools/list') {
        return sendJSON(response, {
          jsonrpc: '2.0',
          id,
          result: { tools: [{ name: 't', inputSchema }] },
        })
      }
      const isRight = headers['mcp-param-region'] === 'eu'
      const error = { code: -32020, message: 'Mcp-Param-Region is missing' }
      if (isRight) sendJSON(response, { jsonrpc: '2.0', id, result: { ok: true } })
      else sendJSON(response, { jsonrpc: '2.0', id, error }, {}, 400)
    })
    const client = connect(remote.url)
    const params = modernParams({ name: 't', arguments: { region: 'eu' } })
    client.send({ id: 1, method: 'tools/call', params })

    expect(await client.answerTo(1)).toMatchObject({ result: { ok: true } })
    client.send({ id: 2, method: 'tools/call', params })
    expect(await client.answerTo(2)).toMatchObject({ result: { ok: true } })
    expect(remote.received.map(({ message }) => message.method)).toEqual([
      ...['tools/call', 'tools/list', 'tools/call', 'tools/call'],
    ])
    expect(client.heard).toHaveLength(2)
  })

  test('gets the server’s own error, whatever its status', async () => {
    const error = { code: -32021, message: 'no', data: { requiredCapabilities: {} } }
    const remote = await start(({ message }, response) => {
      sendJSON(response, { jsonrpc: '2.0', id: message.id, error }, {}, 400)
    })
    const client = connect(remote.url)
    client.send({ id: 1, method: 'tools/call', params: modernParams({ name: 'a' }) })

    expect(await client.answerTo(1)).toMatchObject({ error })
  })
})
