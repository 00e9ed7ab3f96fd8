/** HTTP+SSE of 2024-11-05 from the client's side, against a real HTTP server. */
import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { waitUntil } from '#test/support/processes.ts'
import { connectTo, type RemoteClient } from '#test/support/remote-client.ts'
import { openEvents, startRemoteHTTP, toEvent, type RemoteHTTP } from '#test/support/remote-http.ts'

let remote: RemoteHTTP
let client: RemoteClient
let stream: ServerResponse

afterEach(async () => {
  await client.connection.close()
  await remote.stop()
})

async function start(endpoint: string, postStatus = 202): Promise<void> {
  remote = await startRemoteHTTP(({ method, message }, response) => {
    if (method === 'POST') {
      response.writeHead(postStatus).end()
      if (postStatus !== 202) return
      return void stream.write(toEvent({ jsonrpc: '2.0', id: message.id, result: {} }))
    }
    stream = response
    openEvents(response)
    response.write(`event: endpoint\ndata: ${endpoint}\n\n`)
  })
  const headers = { 'X-Key': 'key' }
  client = connectTo(remote.url, { transport: 'sse', headers })
}

describe('an SSE session', () => {
  test('posts to the endpoint that was named, and hears answers on its stream', async () => {
    await start('/message?sessionId=1')
    await client.connection.opened
    client.send({ id: 1, method: 'ping' })

    expect(await client.answerTo(1)).toMatchObject({ result: {} })
    expect(remote.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /mcp',
      'POST /message?sessionId=1',
    ])
    expect(remote.received.every(({ headers }) => headers['x-key'] === 'key')).toBe(true)
    expect(client.connection.inFlight).toBe(0)
  })

  test.each([
    'http://127.0.0.2:1/message',
    '//evil.example/message',
    'https://127.0.0.1/',
    'http://',
  ])('does not begin with an endpoint at %s', async (endpoint) => {
    await start(endpoint)

    await expect(client.connection.opened).rejects.toMatchObject({ code: 'remote_refused' })
    expect(remote.received).toHaveLength(1)
  })

  test('is over when its stream ends', async () => {
    await start('/message')
    await client.connection.opened
    stream.end()

    expect(await client.next(({ what }) => what === 'over')).toMatchObject({
      error: { code: 'server_exited' },
    })
  })

  test('is over when the endpoint does not know it, and the request was not taken', async () => {
    await start('/message', 404)
    await client.connection.opened
    client.send({ id: 1, method: 'ping' })

    await client.next(({ what }) => what === 'over')
    expect(client.heard).toMatchObject([{ what: 'undelivered', id: 1 }, { what: 'over' }])
  })

  test('fails a request alone that was refused', async () => {
    await start('/message', 401)
    await client.connection.opened
    client.send({ id: 1, method: 'ping' })

    expect(await client.next(({ what }) => what === 'failed')).toMatchObject({
      error: { code: 'remote_refused' },
    })
    expect(client.connection.inFlight).toBe(0)
  })

  test('lets go of its stream when it is closed', async () => {
    await start('/message')
    await client.connection.opened
    let isClosed = false
    stream.on('close', () => (isClosed = true))
    await client.connection.close()

    await waitUntil(() => isClosed, 'the stream is open')
    expect(client.heard).toEqual([])
  })
})
